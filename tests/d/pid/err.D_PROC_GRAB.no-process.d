pid4194999:a.out:main:entry { }
