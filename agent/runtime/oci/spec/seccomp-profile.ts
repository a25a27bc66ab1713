/**
 * The system calls a container may make, by purpose. Names that an architecture lacks are skipped by the runtime.
 * What stands nowhere in this file answers ENOSYS, so that a C library falls back on an older call.
 */
export const allowedCalls: Record<string, string> = {
  'start, end and wait for processes': `
    execve execveat exit exit_group fork vfork wait4 waitid waitpid getpid getppid gettid getpgid getpgrp setpgid
    getsid setsid set_tid_address prctl arch_prctl pidfd_open pidfd_send_signal process_mrelease kcmp`,
  signals: `
    kill tkill tgkill rt_sigaction rt_sigprocmask rt_sigpending rt_sigqueueinfo rt_sigreturn rt_sigsuspend
    rt_sigtimedwait rt_tgsigqueueinfo sigaltstack signalfd signalfd4 pause alarm restart_syscall sigreturn`,
  'threads and locks': `
    futex futex_waitv futex_wake futex_wait futex_requeue get_robust_list set_robust_list membarrier rseq
    set_thread_area get_thread_area modify_ldt`,
  scheduling: `
    sched_yield sched_getaffinity sched_setaffinity sched_getattr sched_setattr sched_getparam sched_setparam
    sched_getscheduler sched_setscheduler sched_get_priority_max sched_get_priority_min sched_rr_get_interval
    getpriority setpriority ioprio_get ioprio_set getcpu nice`,
  memory: `
    brk mmap mmap2 munmap mremap mprotect madvise process_madvise mincore msync mlock mlock2 mlockall munlock
    munlockall memfd_create memfd_secret remap_file_pages pkey_alloc pkey_free pkey_mprotect mseal
    map_shadow_stack cachestat`,
  'users and groups': `
    getuid geteuid getgid getegid getresuid getresgid getgroups setuid setgid setreuid setregid setresuid setresgid
    setfsuid setfsgid setgroups capget capset umask`,
  'limits and use': `getrlimit setrlimit prlimit64 ugetrlimit getrusage times sysinfo uname`,
  'time and timers': `
    time gettimeofday clock_gettime clock_getres clock_nanosleep nanosleep getitimer setitimer timer_create
    timer_delete timer_gettime timer_settime timer_getoverrun timerfd_create timerfd_gettime timerfd_settime
    adjtimex`,
  'open and close files': `
    open openat openat2 creat close close_range dup dup2 dup3 pipe pipe2 fcntl fcntl64 ioctl lseek _llseek
    name_to_handle_at`,
  'read and write files': `
    read pread64 readv preadv preadv2 write pwrite64 writev pwritev pwritev2 sendfile sendfile64 splice tee vmsplice
    copy_file_range readahead fadvise64 fadvise64_64 arm_fadvise64_64 truncate truncate64 ftruncate ftruncate64
    fallocate fsync fdatasync sync syncfs sync_file_range sync_file_range2 flock`,
  'look at files': `
    stat fstat lstat stat64 fstat64 lstat64 newfstatat fstatat64 statx statfs fstatfs statfs64 fstatfs64 access
    faccessat faccessat2 readlink readlinkat getdents getdents64 getcwd ustat statmount listmount`,
  'change files': `
    chmod fchmod fchmodat fchmodat2 chown fchown lchown fchownat chown32 fchown32 lchown32 utime utimes utimensat
    futimesat link linkat symlink symlinkat unlink unlinkat rename renameat renameat2 mkdir mkdirat rmdir mknod
    mknodat chdir fchdir getxattr lgetxattr fgetxattr setxattr lsetxattr fsetxattr listxattr llistxattr flistxattr
    removexattr lremovexattr fremovexattr getxattrat setxattrat listxattrat removexattrat`,
  'wait for files': `
    poll ppoll select _newselect pselect6 epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_wait
    epoll_wait_old epoll_pwait epoll_pwait2 eventfd eventfd2 inotify_init inotify_init1 inotify_add_watch
    inotify_rm_watch fanotify_mark io_setup io_destroy io_submit io_cancel io_getevents io_pgetevents`,
  sockets: `
    socketpair bind connect listen accept accept4 getsockname getpeername getsockopt setsockopt shutdown
    sendto sendmsg sendmmsg recvfrom recvmsg recvmmsg send recv`,
  'talk between processes': `
    shmget shmat shmdt shmctl semget semop semtimedop semctl msgget msgsnd msgrcv msgctl ipc mq_open mq_unlink
    mq_timedsend mq_timedreceive mq_notify mq_getsetattr`,
  'look at own processes (the kernel asks for the right to trace)': `
    ptrace process_vm_readv process_vm_writev pidfd_getfd`,
  'confine oneself further': `
    seccomp landlock_create_ruleset landlock_add_rule landlock_restrict_self`,
  'random numbers': `getrandom`,
};

/** Allowed to a container that has the capability; otherwise they answer EPERM. */
export const callsByCapability: Record<string, string> = {
  CAP_SYS_ADMIN: `
    mount umount umount2 pivot_root mount_setattr move_mount open_tree fsopen fsconfig fsmount fspick unshare setns
    clone3 bpf perf_event_open fanotify_init quotactl quotactl_fd sethostname setdomainname lookup_dcookie`,
  CAP_DAC_READ_SEARCH: `open_by_handle_at`,
  CAP_SYS_CHROOT: `chroot`,
  CAP_SYS_BOOT: `reboot kexec_load kexec_file_load`,
  CAP_SYS_MODULE: `init_module finit_module delete_module`,
  CAP_SYS_PACCT: `acct`,
  CAP_SYS_RAWIO: `iopl ioperm`,
  CAP_SYS_TIME: `settimeofday stime clock_settime clock_settime64 clock_adjtime`,
  CAP_SYS_TTY_CONFIG: `vhangup`,
  CAP_SYS_NICE: `mbind get_mempolicy set_mempolicy set_mempolicy_home_node move_pages migrate_pages`,
  CAP_SYSLOG: `syslog`,
  CAP_BPF: `bpf`,
  CAP_PERFMON: `perf_event_open`,
};

/** Known to be dangerous and of no use in a container: they answer EPERM whatever it may do. */
export const refusedCalls = `add_key request_key keyctl userfaultfd swapon swapoff nfsservctl uselib _sysctl vm86 vm86old`;

/** Any of the flags that make a namespace. */
export const namespaceFlags = 0x7e02_0000;

/** Personalities that only change how numbers and addresses look. */
export const allowedPersonalities = [0, 8, 0x2_0000, 0x2_0008, 0xffff_ffff];

/** Sockets to the hypervisor: not a container's business. */
export const refusedSocketFamily = 40;
