"""A stock kernel beneath this system's own programs: fetching kernels, and running one command in a virtual machine.

Kernels come from Debian's suites (`suites`) into a cache (`store`), are made ready to boot (`image`, `modules`) and get
a first root file system (`initramfs`). `machine` owns the processes of one virtual machine, `run` a command's streams,
signals and exit status. Nothing here knows of tracing.
"""
