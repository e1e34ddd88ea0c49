/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/confine.h"
#include "base/file.h"
#include <errno.h>
#include <fcntl.h>
#include <iconv.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { FILES_MAX = 16, STATUS_REFUSED = 3, STATUS_FULL = 4 };
static const qk_confine_limits of_documents = {20, 30000, (size_t)512 << 20};

/* The shadow memory of AddressSanitizer needs all the address space there is. */
#if defined(__SANITIZE_ADDRESS__)
static const bool under_sanitizer = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
static const bool under_sanitizer = true;
#else
static const bool under_sanitizer = false;
#endif
#else
static const bool under_sanitizer = false;
#endif

/* No new socket, whatever the process becomes (seccomp(2); survives exec). Where the kernel has no
 * filters the other limits still hold. */
static void forbid_network(void)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 3, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 2, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socketpair, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
    };
    struct sock_fprog program = {sizeof code / sizeof code[0], code};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0);
}

#if defined(__x86_64__)
#define OWN_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define OWN_ARCH AUDIT_ARCH_AARCH64
#endif

#ifdef OWN_ARCH
static const int forbidden[] = {
    SYS_execve,
    SYS_execveat,
    SYS_clone,
    SYS_clone3,
    SYS_kill,
    SYS_tkill,
    SYS_tgkill,
    SYS_ptrace,
    SYS_process_vm_readv,
    SYS_process_vm_writev,
    SYS_pidfd_open,
    SYS_pidfd_send_signal,
    SYS_rt_sigqueueinfo,
    SYS_rt_tgsigqueueinfo,
    SYS_socket,
    SYS_socketpair,
    SYS_connect,
    SYS_bind,
    SYS_sendmsg,
    SYS_sendto,
    SYS_unlinkat,
    SYS_renameat,
    SYS_renameat2,
    SYS_linkat,
    SYS_symlinkat,
    SYS_mkdirat,
    SYS_mknodat,
    SYS_fchmod,
    SYS_fchmodat,
    SYS_fchown,
    SYS_fchownat,
    SYS_truncate,
    SYS_ftruncate,
    SYS_fallocate,
    SYS_utimensat,
    SYS_setxattr,
    SYS_fsetxattr,
    SYS_removexattr,
    SYS_mount,
    SYS_umount2,
    SYS_bpf,
    SYS_perf_event_open,
    SYS_userfaultfd,
    SYS_io_uring_setup,
    SYS_keyctl,
    SYS_add_key,
    SYS_openat2,
    SYS_prlimit64,
    SYS_setrlimit,
    SYS_setpriority,
    SYS_shmget,
    SYS_msgget,
    SYS_semget,
    SYS_unshare,
    SYS_setns,
    SYS_chroot,
#ifdef __x86_64__
    SYS_fork,
    SYS_vfork,
    SYS_unlink,
    SYS_rename,
    SYS_link,
    SYS_symlink,
    SYS_mkdir,
    SYS_rmdir,
    SYS_mknod,
    SYS_chmod,
    SYS_chown,
    SYS_lchown,
    SYS_creat,
    SYS_utimes,
    SYS_utime,
#endif
};

enum { FILTER_MAX = 2 * (sizeof forbidden / sizeof *forbidden) + 24 };

typedef struct filter {
    struct sock_filter code[FILTER_MAX];
    unsigned short n;
} filter;

static void add(filter *f, struct sock_filter step)
{
    f->code[f->n++] = step;
}

/* A call that opens files: only for reading. `argument` is that of the flags. */
static void add_open(filter *f, int call, unsigned argument)
{
    unsigned at = (unsigned)(offsetof(struct seccomp_data, args) + 8 * argument);
    add(f, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)call, 0, 5));
    add(f, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, at));
    add(f, (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K,
                                        O_WRONLY | O_RDWR | O_CREAT | O_TRUNC));
    add(f, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1));
    add(f, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
    add(f, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM));
}

void qk_confine_tighten(void)
{
    filter f = {.n = 0};
    if (under_sanitizer) return; /* whose end needs a process of its own */
    add(&f, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
                                         offsetof(struct seccomp_data, arch)));
    add(&f, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, OWN_ARCH, 1, 0));
    add(&f, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS));
    add(&f,
        (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)));
    /* Numbers of the x32 form would pass the list by. */
    add(&f, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 1));
    add(&f, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS));
    for (size_t i = 0; i < sizeof forbidden / sizeof *forbidden; i++) {
        add(&f,
            (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)forbidden[i], 0, 1));
        add(&f, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM));
    }
    add_open(&f, SYS_openat, 2);
#ifdef __x86_64__
    add_open(&f, SYS_open, 1);
#endif
    add(&f, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
    struct sock_fprog program = {f.n, f.code};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0);
}
#else
void qk_confine_tighten(void) {}
#endif

static void limit(int what, rlim_t most)
{
    struct rlimit r = {most, most};
    setrlimit((__rlimit_resource_t)what, &r);
}

/* In the child, between fork and exec: nothing but system calls. */
static _Noreturn void become_helper(int in, int out, const char *const argv[],
                                    const qk_confine_limits *limits)
{
    int null = open("/dev/null", O_WRONLY);
    if (dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0) _exit(127);
    if (null >= 0) dup2(null, STDERR_FILENO);
    close_range(3, ~0U, 0);
    limit(RLIMIT_CPU, (rlim_t)limits->cpu_s);
    if (!under_sanitizer) limit(RLIMIT_AS, limits->space_bytes);
    limit(RLIMIT_NOFILE, FILES_MAX);
    limit(RLIMIT_FSIZE, 0);
    limit(RLIMIT_CORE, 0);
    forbid_network();
    execvp(argv[0], (char *const *)(uintptr_t)argv);
    _exit(127);
}

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Takes what the helper says until it ends, says too much or takes too long. */
static qk_code collect(qk_buf *out, int fd, int wall_ms, qk_error *err)
{
    int64_t until = now_ms() + wall_ms;
    for (;;) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        int64_t left = until - now_ms();
        char block[1 << 15];
        if (left <= 0 || poll(&p, 1, (int)left) == 0)
            return qk_fail(err, QK_ETIMEOUT, "the document was not read within %d s",
                           wall_ms / 1000);
        ssize_t n = read(fd, block, sizeof block);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return qk_fail_errno(err, errno, "reading from the helper process");
        if (n == 0) return QK_OK;
        qk_buf_append(out, block, (size_t)n);
        if (out->failed != QK_OK)
            return qk_fail(err, QK_EFULL, "the document holds more text than the %zu bytes allowed",
                           out->ceiling);
    }
}

int qk_confine_memory(qk_str bytes, qk_error *err)
{
    int fd = memfd_create("document", MFD_CLOEXEC);
    if (fd < 0) {
        qk_fail_errno(err, errno, "a file in memory");
        return -1;
    }
    if (qk_write_all(fd, bytes.ptr, bytes.len, err) == QK_OK && lseek(fd, 0, SEEK_SET) == 0)
        return fd;
    close(fd);
    return -1;
}

/* The helper's words: English and, on a line of its own, Chinese. */
static qk_code tell_reason(qk_str said, qk_code code, qk_error *err)
{
    qk_str english = qk_str_cut(&said, '\n');
    qk_fail(err, code, "%.*s", (int)(english.len < 250 ? english.len : 250), english.ptr);
    if (err && said.len && qk_utf8_valid(said))
        qk_str_copy(err->message_zh, sizeof err->message_zh, said);
    return code;
}

static qk_code judge_end(int status, const qk_buf *said, const char *what, qk_error *err)
{
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return QK_OK;
    if (WIFEXITED(status) &&
        (WEXITSTATUS(status) == STATUS_REFUSED || WEXITSTATUS(status) == STATUS_FULL) && said->len)
        return tell_reason(qk_buf_str(said),
                           WEXITSTATUS(status) == STATUS_FULL ? QK_EFULL : QK_EFORMAT, err);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
        return qk_fail(err, QK_EUNSUPPORTED, "the program that reads %s could not be started",
                       what);
    if (WIFSIGNALED(status))
        return qk_fail(err, QK_EFULL, "%s could not be read within the limits of memory and time",
                       what);
    return qk_fail(err, QK_EFORMAT, "%s is damaged or protected", what);
}

/* Moves what was said where nothing stands yet, and copies it behind what does. */
static qk_code hand_over(qk_buf *text, qk_buf *said, const char *what, qk_error *err)
{
    if (text->len == 0 && text->failed == QK_OK && said->len <= text->ceiling) {
        qk_buf old = *text;
        *text = *said;
        text->ceiling = old.ceiling;
        old.ceiling = said->ceiling;
        *said = old;
        return QK_OK;
    }
    qk_buf_put_str(text, qk_buf_str(said));
    return text->failed == QK_OK ? QK_OK
                                 : qk_fail(err, text->failed, "no room for the text of %s", what);
}

qk_code qk_confine_run_file(qk_buf *text, int fd, const char *const argv[],
                            const qk_confine_limits *limits, size_t most, const char *what,
                            qk_error *err)
{
    int ends[2] = {-1, -1}, status = 0;
    qk_buf said;
    qk_code code = QK_EIO;
    qk_buf_init(&said, most);
    if (lseek(fd, 0, SEEK_SET) != 0 || pipe2(ends, O_CLOEXEC) != 0) {
        code = qk_fail_errno(err, errno, "a file or a pipe for the helper process");
        goto out;
    }
    pid_t child = fork();
    if (child == 0) become_helper(fd, ends[1], argv, limits);
    close(ends[1]);
    ends[1] = -1;
    if (child < 0) {
        code = qk_fail_errno(err, errno, "a helper process");
        goto out;
    }
    code = collect(&said, ends[0], limits->wall_ms, err);
    if (code != QK_OK) kill(child, SIGKILL);
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
    if (code == QK_OK) code = judge_end(status, &said, what, err);
    if (code == QK_OK) code = hand_over(text, &said, what, err);
out:
    if (ends[0] >= 0) close(ends[0]);
    if (ends[1] >= 0) close(ends[1]);
    qk_buf_clear(&said);
    return code;
}

qk_code qk_confine_run(qk_buf *text, qk_str bytes, const char *const argv[], size_t most,
                       const char *what, qk_error *err)
{
    int in = qk_confine_memory(bytes, err);
    if (in < 0) return QK_EIO;
    qk_code code = qk_confine_run_file(text, in, argv, &of_documents, most, what, err);
    close(in);
    return code;
}

int qk_confine_answer(const qk_buf *text, qk_code code, const qk_error *err)
{
    qk_buf reason;
    int status = code == QK_OK ? 0 : code == QK_EFULL ? STATUS_FULL : STATUS_REFUSED;
    const qk_buf *out = text;
    qk_buf_init(&reason, 1024);
    if (status) {
        qk_buf_puts(&reason, err->message);
        if (err->line) qk_buf_printf(&reason, " (line %u, column %u)", err->line, err->column);
        if (err->message_zh[0]) qk_buf_printf(&reason, "\n%s", err->message_zh);
        out = &reason;
    }
    if (qk_write_all(STDOUT_FILENO, out->ptr, out->len, NULL) != QK_OK) status = STATUS_REFUSED;
    qk_buf_clear(&reason);
    return status;
}

static qk_code convert(qk_buf *text, qk_str bytes, const char *charset, qk_error *err)
{
    iconv_t cd = iconv_open("UTF-8", charset);
    char *in = (char *)(uintptr_t)bytes.ptr, block[1 << 14];
    size_t left = bytes.len;
    if (cd == (iconv_t)-1) return qk_fail(err, QK_EFORMAT, "the text is not UTF-8");
    while (left > 0) {
        char *out = block;
        size_t room = sizeof block;
        size_t n = iconv(cd, &in, &left, &out, &room);
        qk_buf_append(text, block, sizeof block - room);
        if (n == (size_t)-1 && errno != E2BIG) {
            iconv_close(cd);
            return qk_fail(err, QK_EFORMAT, "the text is neither UTF-8 nor %s: byte %zu", charset,
                           (size_t)(in - bytes.ptr));
        }
    }
    iconv_close(cd);
    return QK_OK;
}

static bool begins(qk_str s, const char *magic)
{
    return s.len >= 2 && memcmp(s.ptr, magic, 2) == 0;
}

qk_code qk_text_decode(qk_buf *text, qk_str bytes, qk_error *err)
{
    if (begins(bytes, "\xFF\xFE"))
        return convert(text, (qk_str){bytes.ptr + 2, bytes.len - 2}, "UTF-16LE", err);
    if (begins(bytes, "\xFE\xFF"))
        return convert(text, (qk_str){bytes.ptr + 2, bytes.len - 2}, "UTF-16BE", err);
    if (memchr(bytes.ptr ? bytes.ptr : "", 0, bytes.len))
        return qk_fail(err, QK_EFORMAT, "this is no text: it holds zero bytes");
    if (!qk_utf8_valid(bytes)) return convert(text, bytes, "GB18030", err);
    qk_buf_put_str(text, bytes);
    return text->failed == QK_OK ? QK_OK : qk_fail(err, text->failed, "no room for the text");
}
