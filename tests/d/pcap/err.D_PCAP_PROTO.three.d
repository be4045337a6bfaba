BEGIN { pcap(curthread, 1, 2); }
