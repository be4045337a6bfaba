pid0:a.out:main:entry { }
