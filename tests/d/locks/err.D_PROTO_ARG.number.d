BEGIN { trace(mutex_owner(5)); }
