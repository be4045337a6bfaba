/* How a read-write lock was wanted: an argument of lockstat:::rw-block and rw-spin. */

inline int RW_WRITER = 0;
inline int RW_READER = 1;
