BEGIN { trace($123456); }
