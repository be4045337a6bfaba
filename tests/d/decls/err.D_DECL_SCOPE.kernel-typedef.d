typedef int `x;
