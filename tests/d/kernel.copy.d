BEGIN { c = *curthread->cred; this->c = c; self->u = c.uid; printf("%d %d %d\n", c.uid.val == uid, this->c.gid.val == gid, self->u.val == uid); exit(0); }
