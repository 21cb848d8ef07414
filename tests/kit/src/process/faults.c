/* Faults of the machine for one program; see faults.rs. Preloaded into it.
 *
 * Files in the control directory say which faults there are:
 *   files    paths, one a line: system calls on them and on what lies below them do not return
 *   opens    an error number, then paths: opening them fails with that error
 *   writes   the same for writing to them
 *   users    look-ups in the user database do not return
 *   threads  new threads are refused with EAGAIN
 *   landlock an error number: the kernel has no Landlock, and says so with that error
 * A call that hangs goes on once its file, or its line, is gone. While it hangs there is a file
 * hung.THREAD in the directory.
 *
 * System calls are caught by a seccomp filter that raises SIGSYS, since Rust programs make many
 * of them without the C library. A call whose sixth argument is PASS is let through. Programs
 * that the program starts inherit the filter, but not the handler: the caught calls kill them.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <pwd.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#endif

#define PASS 0x6c646b74
#define PATH_SIZE 4096
#define LIST_SIZE 16384

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
static const int registers[] = {REG_RDI, REG_RSI, REG_RDX, REG_R10, REG_R8};
#define ARGUMENT(context, n) ((context)->uc_mcontext.gregs[registers[n]])
#define RESULT(context) ((context)->uc_mcontext.gregs[REG_RAX])
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#define ARGUMENT(context, n) ((context)->uc_mcontext.regs[n])
#define RESULT(context) ((context)->uc_mcontext.regs[0])
#else
#error "the injected faults know x86-64 and AArch64 only"
#endif

static const char *control;

static long pass(long number, long a, long b, long c, long d, long e) {
    long result = syscall(number, a, b, c, d, e, PASS);
    return result == -1 ? -errno : result;
}

static void name(char *out, const char *file) { snprintf(out, PATH_SIZE, "%s/%s", control, file); }

/* Reads the control file; -1 if there is none. */
static long control_file(const char *file, char *content, long size) {
    char path[PATH_SIZE];
    name(path, file);
    long opened = pass(SYS_openat, AT_FDCWD, (long)path, O_RDONLY | O_CLOEXEC, 0, 0);
    if (opened < 0)
        return -1;
    long count = read(opened, content, size - 1);
    close(opened);
    content[count < 0 ? 0 : count] = 0;
    return count;
}

/* Whether a path is in a list, or below a path there. */
static int is_listed(char *rest, const char *path) {
    char *line;
    while ((line = strsep(&rest, "\n"))) {
        size_t length = strlen(line);
        if (length && !strncmp(line, path, length) && (!path[length] || path[length] == '/'))
            return 1;
    }
    return 0;
}

static int is_held(const char *fault, const char *path) {
    char list[LIST_SIZE];
    return control_file(fault, list, sizeof list) >= 0 && (!path || is_listed(list, path));
}

/* The error that a call on a path fails with; 0 if it does not. */
static int refusal(const char *fault, const char *path) {
    char list[LIST_SIZE], *rest = list;
    if (control_file(fault, list, sizeof list) < 0)
        return 0;
    int error = atoi(strsep(&rest, "\n"));
    return rest && is_listed(rest, path) ? error : 0;
}

static void wait_while_held(const char *fault, const char *path) {
    char file[64], marker[PATH_SIZE];
    if (!control || !is_held(fault, path))
        return;
    snprintf(file, sizeof file, "hung.%ld", syscall(SYS_gettid));
    name(marker, file);
    long made = pass(SYS_openat, AT_FDCWD, (long)marker, O_CREAT | O_WRONLY | O_CLOEXEC, 0600, 0);
    if (made >= 0)
        close(made);
    do {
        pass(SYS_nanosleep, (long)&(struct timespec){0, 5 * 1000 * 1000}, 0, 0, 0, 0);
    } while (is_held(fault, path));
    pass(SYS_unlinkat, AT_FDCWD, (long)marker, 0, 0, 0);
}

/* The path that a call is about, as far as the kernel says without asking the file system. */
static void resolve(char *out, int directory, const char *path) {
    char link[64];
    size_t length = 0;
    if (path && path[0] == '/') {
        snprintf(out, PATH_SIZE, "%s", path);
        return;
    }
    snprintf(link, sizeof link, directory == AT_FDCWD ? "/proc/self/cwd" : "/proc/self/fd/%d", directory);
    long count = pass(SYS_readlinkat, AT_FDCWD, (long)link, (long)out, PATH_SIZE - 1, 0);
    length = count < 0 ? 0 : count;
    out[length] = 0;
    if (path && path[0] && strcmp(path, "."))
        snprintf(out + length, PATH_SIZE - length, "/%s", path);
}

static void on_call(int signal, siginfo_t *info, void *raw) {
    ucontext_t *context = raw;
    int saved = errno, number = info->si_syscall, refused = 0;
    char path[PATH_SIZE];
    (void)signal;
    if (number == SYS_landlock_create_ruleset) {
        char error[16];
        refused = control_file("landlock", error, sizeof error) < 0 ? 0 : atoi(error);
        RESULT(context) = refused ? -refused : pass(number, ARGUMENT(context, 0), ARGUMENT(context, 1),
                                                    ARGUMENT(context, 2), 0, 0);
        errno = saved;
        return;
    }
    int by_descriptor = number == SYS_fsync || number == SYS_fdatasync || number == SYS_write;
    resolve(path, ARGUMENT(context, 0), by_descriptor ? NULL : (const char *)ARGUMENT(context, 1));
    wait_while_held("files", path);
    if (number == SYS_openat || number == SYS_openat2)
        refused = refusal("opens", path);
    if (number == SYS_write)
        refused = refusal("writes", path);
    RESULT(context) = refused ? -refused
                              : pass(number, ARGUMENT(context, 0), ARGUMENT(context, 1), ARGUMENT(context, 2),
                                     ARGUMENT(context, 3), ARGUMENT(context, 4));
    errno = saved;
}

#define TRAP(number) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP)
#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define ALLOW BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

__attribute__((constructor)) static void begin(void) {
    const char *program = getenv("LD_FAULTS_PROGRAM"), *directory = getenv("LD_FAULTS");
    /* Programs on the way to it, such as setpriv, are spared. */
    if (!program || !directory || strcmp(program, program_invocation_short_name))
        return;
    struct sock_filter filter[] = {
        LOAD(arch),    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0), ALLOW,
        LOAD(args[5]), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PASS, 0, 1),         ALLOW,
        LOAD(nr),      TRAP(SYS_openat),    TRAP(SYS_openat2), TRAP(SYS_statx),     TRAP(SYS_newfstatat),
        TRAP(SYS_fsync), TRAP(SYS_fdatasync), TRAP(SYS_renameat2), TRAP(SYS_unlinkat), TRAP(SYS_utimensat),
        TRAP(SYS_mkdirat), TRAP(SYS_readlinkat), TRAP(SYS_write), TRAP(SYS_landlock_create_ruleset),
#ifdef SYS_renameat
        TRAP(SYS_renameat),
#endif
        ALLOW,
    };
    struct sock_fprog fprog = {sizeof filter / sizeof *filter, filter};
    struct sigaction action = {.sa_sigaction = on_call, .sa_flags = SA_SIGINFO | SA_RESTART | SA_NODEFER};
    if (sigaction(SIGSYS, &action, NULL) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &fprog)) {
        perror("cannot inject faults: seccomp");
        _exit(125);
    }
    control = directory;
}

#define NEXT(function) ((__typeof__(&function))dlsym(RTLD_NEXT, #function))

/* A caught call in a thread that blocks SIGSYS would kill the process: it is never blocked. */
static const sigset_t *without_caught(int how, const sigset_t *set, sigset_t *copy) {
    if (!control || !set || how == SIG_UNBLOCK)
        return set;
    *copy = *set;
    sigdelset(copy, SIGSYS);
    return copy;
}

int pthread_sigmask(int how, const sigset_t *set, sigset_t *old) {
    sigset_t copy;
    return NEXT(pthread_sigmask)(how, without_caught(how, set, &copy), old);
}

int sigprocmask(int how, const sigset_t *set, sigset_t *old) {
    sigset_t copy;
    return NEXT(sigprocmask)(how, without_caught(how, set, &copy), old);
}

int getpwnam_r(const char *user, struct passwd *entry, char *buffer, size_t size, struct passwd **result) {
    wait_while_held("users", NULL);
    return NEXT(getpwnam_r)(user, entry, buffer, size, result);
}

int getgrnam_r(const char *group, struct group *entry, char *buffer, size_t size, struct group **result) {
    wait_while_held("users", NULL);
    return NEXT(getgrnam_r)(group, entry, buffer, size, result);
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *), void *argument) {
    if (control && is_held("threads", NULL))
        return EAGAIN;
    return NEXT(pthread_create)(thread, attributes, start, argument);
}
