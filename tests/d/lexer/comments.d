/* one */ BEGIN /* two */ { /* three */ printf("a /* b */\n"); /**/ exit(0); /***/ } /* / * **/
