BEGIN { trace(mutex_owned(curthread)); }
