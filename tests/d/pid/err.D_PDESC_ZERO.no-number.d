pid:a.out:main:entry { }
