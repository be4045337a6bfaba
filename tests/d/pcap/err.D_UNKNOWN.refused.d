BEGIN { pcap(curthread, 1); }
