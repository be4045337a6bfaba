long long double d;
