/* Requests to block devices, and the files behind them and behind file descriptors. */

typedef uintptr_t caddr_t;
typedef int64_t offset_t;

typedef struct bufinfo {
	int b_flags;		/* B_* below */
	size_t b_bcount;	/* bytes asked for */
	caddr_t b_addr;		/* of the memory: its struct page */
	uint64_t b_lblkno;	/* block of 512 bytes on the disk */
	uint64_t b_blkno;
	size_t b_resid;		/* bytes that are still to come */
	size_t b_bufsize;
	caddr_t b_iodone;	/* function that is called at the end */
	int b_error;		/* error number, once it is done */
	dev_t b_edev;
} bufinfo_t;

typedef struct devinfo {
	int dev_major;
	int dev_minor;
	int dev_instance;
	string dev_name;	/* name of the disk */
	string dev_statname;	/* the same with the partition's number */
	string dev_pathname;	/* below /dev */
} devinfo_t;

typedef struct fileinfo {
	string fi_name;		/* without directories */
	string fi_dirname;
	string fi_pathname;	/* within its file system */
	offset_t fi_offset;
	string fi_fs;		/* type of the file system */
	string fi_mount;
	int fi_oflags;		/* O_* below */
} fileinfo_t;


inline int B_BUSY = 0x0001;
inline int B_DONE = 0x0002;
inline int B_ERROR = 0x0004;
inline int B_PAGEIO = 0x0010;
inline int B_PHYS = 0x0020;
inline int B_READ = 0x0040;
inline int B_WRITE = 0x0100;
inline int B_ASYNC = 0x0400;

inline int O_RDONLY = 0;
inline int O_WRONLY = 1;
inline int O_RDWR = 2;
inline int O_ACCMODE = 3;
inline int O_CREAT = 0x40;
inline int O_EXCL = 0x80;
inline int O_NOCTTY = 0x100;
inline int O_TRUNC = 0x200;
inline int O_APPEND = 0x400;
inline int O_NONBLOCK = 0x800;
inline int O_NDELAY = 0x800;
inline int O_DSYNC = 0x1000;
inline int O_DIRECT = 0x4000;
inline int O_LARGEFILE = 0x8000;
inline int O_DIRECTORY = 0x10000;
inline int O_NOFOLLOW = 0x20000;
inline int O_NOATIME = 0x40000;
inline int O_CLOEXEC = 0x80000;
inline int O_SYNC = 0x101000;
inline int O_RSYNC = 0x101000;
inline int O_PATH = 0x200000;

/* BLK_STS_* in include/linux/blk_types.h, as blk_status_to_errno() has them. */
inline int __io_error[int s] = s == 0 ? 0 : s == 1 ? 95 : s == 2 ? 110 : s == 3 ? 28 : s == 4 ? 67 : s == 5 ? 121 :
    s == 6 ? 52 : s == 7 ? 61 : s == 8 ? 84 : s == 9 ? 12 : 5;

/* An odd operation writes; REQ_SYNC is bit 11 (include/linux/blk_types.h). */
inline int __io_flags[uint32_t opf] = (opf & 1 ? B_WRITE : B_READ) | (opf & 0x800 ? 0 : B_ASYNC);

translator bufinfo_t < struct bio *B > {
	b_flags = B_BUSY | __io_flags[B->bi_opf] | (__bio_dentry(B) != NULL ? B_PAGEIO : B_PHYS);
	b_bcount = B->bi_iter.bi_size;
	b_addr = (caddr_t)B->bi_io_vec;
	b_lblkno = B->bi_iter.bi_sector;
	b_blkno = B->bi_iter.bi_sector;
	b_resid = B->bi_iter.bi_size;
	b_bufsize = B->bi_iter.bi_size;
	b_iodone = (caddr_t)B->bi_end_io;
	b_error = 0;
	b_edev = B->bi_bdev->bd_dev;
};

/* A request that is completed; arg1 is the kernel's status. */
translator bufinfo_t < struct __io_request *R > {
	b_flags = B_DONE | __io_flags[((struct request *)R)->cmd_flags] | (arg1 & 0xff ? B_ERROR : 0) |
	    (__bio_dentry(((struct request *)R)->bio) != NULL ? B_PAGEIO : B_PHYS);
	b_bcount = ((struct request *)R)->__data_len;
	b_addr = (caddr_t)((struct request *)R)->bio->bi_io_vec;
	b_lblkno = ((struct request *)R)->__sector;
	b_blkno = ((struct request *)R)->__sector;
	b_resid = ((struct request *)R)->__data_len - (uint32_t)arg2;
	b_bufsize = ((struct request *)R)->__data_len;
	b_iodone = (caddr_t)((struct request *)R)->bio->bi_end_io;
	b_error = __io_error[arg1 & 0xff];
	b_edev = ((struct request *)R)->bio->bi_bdev->bd_dev;
};

/*
 * A bio that is completed. With most drivers its place and size have run down meanwhile; some leave them as they were
 * (zram), so what is left is known only of one that failed.
 */
translator bufinfo_t < struct __io_bio *D > {
	b_flags = B_DONE | __io_flags[((struct bio *)D)->bi_opf] | (((struct bio *)D)->bi_status != 0 ? B_ERROR : 0) |
	    (__bio_dentry(D) != NULL ? B_PAGEIO : B_PHYS);
	b_bcount = __io_size[(uint64_t)D] - 1;
	b_addr = (caddr_t)((struct bio *)D)->bi_io_vec;
	b_lblkno = ((struct bio *)D)->bi_iter.bi_sector -
	    (__io_size[(uint64_t)D] - 1 - ((struct bio *)D)->bi_iter.bi_size) / 512;
	b_blkno = ((struct bio *)D)->bi_iter.bi_sector -
	    (__io_size[(uint64_t)D] - 1 - ((struct bio *)D)->bi_iter.bi_size) / 512;
	b_resid = ((struct bio *)D)->bi_status != 0 ? ((struct bio *)D)->bi_iter.bi_size : 0;
	b_bufsize = __io_size[(uint64_t)D] - 1;
	b_iodone = (caddr_t)((struct bio *)D)->bi_end_io;
	b_error = __io_error[((struct bio *)D)->bi_status];
	b_edev = ((struct bio *)D)->bi_bdev->bd_dev;
};

/* What a thread waits for, as it was when it was made; the device is what is left of it. */
translator bufinfo_t < struct __io_waited *W > {
	b_flags = B_BUSY | __io_flags[self->__io_opf] | (self->__io_file != NULL ? B_PAGEIO : B_PHYS);
	b_bcount = self->__io_bytes;
	b_addr = 0;
	b_lblkno = self->__io_sector;
	b_blkno = self->__io_sector;
	b_resid = self->__io_bytes;
	b_bufsize = self->__io_bytes;
	b_iodone = self->__io_iodone;
	b_error = 0;
	b_edev = ((struct block_device *)W)->bd_dev;
};

translator devinfo_t < struct bio *B > {
	dev_major = getmajor(B->bi_bdev->bd_dev);
	dev_minor = getminor(B->bi_bdev->bd_dev);
	dev_instance = B->bi_bdev->bd_disk->first_minor;
	dev_name = stringof(B->bi_bdev->bd_disk->disk_name);
	dev_statname = stringof(B->bi_bdev->bd_device.kobj.name);
	dev_pathname = strjoin("/dev/", stringof(B->bi_bdev->bd_device.kobj.name));
};

translator devinfo_t < struct __io_request *R > {
	dev_major = getmajor(((struct request *)R)->bio->bi_bdev->bd_dev);
	dev_minor = getminor(((struct request *)R)->bio->bi_bdev->bd_dev);
	dev_instance = ((struct request *)R)->bio->bi_bdev->bd_disk->first_minor;
	dev_name = stringof(((struct request *)R)->bio->bi_bdev->bd_disk->disk_name);
	dev_statname = stringof(((struct request *)R)->bio->bi_bdev->bd_device.kobj.name);
	dev_pathname = strjoin("/dev/", stringof(((struct request *)R)->bio->bi_bdev->bd_device.kobj.name));
};

translator devinfo_t < struct __io_bio *D > {
	dev_major = getmajor(((struct bio *)D)->bi_bdev->bd_dev);
	dev_minor = getminor(((struct bio *)D)->bi_bdev->bd_dev);
	dev_instance = ((struct bio *)D)->bi_bdev->bd_disk->first_minor;
	dev_name = stringof(((struct bio *)D)->bi_bdev->bd_disk->disk_name);
	dev_statname = stringof(((struct bio *)D)->bi_bdev->bd_device.kobj.name);
	dev_pathname = strjoin("/dev/", stringof(((struct bio *)D)->bi_bdev->bd_device.kobj.name));
};

translator devinfo_t < struct block_device *D > {
	dev_major = getmajor(D->bd_dev);
	dev_minor = getminor(D->bd_dev);
	dev_instance = D->bd_disk->first_minor;
	dev_name = stringof(D->bd_disk->disk_name);
	dev_statname = stringof(D->bd_device.kobj.name);
	dev_pathname = strjoin("/dev/", stringof(D->bd_device.kobj.name));
};

translator fileinfo_t < struct dentry *E > {
	fi_name = E == NULL ? "<none>" : stringof(E->d_name.name);
	fi_dirname = E == NULL ? "<none>" : dirname(__path(E, (void *)0));
	fi_pathname = E == NULL ? "<none>" : __path(E, (void *)0);
	fi_offset = 0;
	fi_fs = E == NULL ? "<none>" : stringof(E->d_sb->s_type->name);
	fi_mount = "<unknown>";
	fi_oflags = 0;
};

translator fileinfo_t < struct file *F > {
	fi_name = F == NULL ? "<none>" : stringof(F->f_path.dentry->d_name.name);
	fi_dirname = F == NULL ? "<none>" : dirname(__path(F->f_path.dentry, F->f_path.mnt));
	fi_pathname = F == NULL ? "<none>" : __path(F->f_path.dentry, F->f_path.mnt);
	fi_offset = F == NULL ? 0 : F->f_pos;
	fi_fs = F == NULL ? "<none>" : stringof(F->f_path.dentry->d_sb->s_type->name);
	fi_mount = F == NULL ? "<none>" : __path(F->f_path.mnt->mnt_root, F->f_path.mnt);
	fi_oflags = F == NULL ? 0 : F->f_flags;
};

inline fileinfo_t fds[int fd] = xlate <fileinfo_t> (
    fd >= 0 && fd < curthread->files->fdt->max_fds ? curthread->files->fdt->fd[fd] : (struct file *)NULL);
