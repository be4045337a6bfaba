BEGIN { trace(d_path((struct dentry *)0)); }
