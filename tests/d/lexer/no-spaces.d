BEGIN{x=1;y=x+++x;printf("%d%d\n",x,y);exit(0);}
