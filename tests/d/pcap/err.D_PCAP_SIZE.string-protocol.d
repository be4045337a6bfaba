BEGIN { pcap(curthread, "ip"); }
