/*
 * question: which files are read into the page cache, because they were not in it?
 * output:   a row for each command and file, by the number of its inode
 * filter:   rawtp:::mm_filemap_add_to_page_cache
 * example:  --top 10 -c 'grep -r nothing /usr/share/perl'
 * key:      comm   execname  text    command
 * key:      dev    this->dev device  device, or the number of a file system without one
 * key:      inode  this->inode number inode
 * value:    added  number    how many times it got pages: one, or several that lie side by side
 */
#pragma D option quiet

rawtp:::mm_filemap_add_to_page_cache
{
	this->host = args[0]->mapping->host;
	this->dev = this->host->i_sb->s_dev;
	this->inode = this->host->i_ino;
	@added[execname, this->dev, this->inode] = count();
}
