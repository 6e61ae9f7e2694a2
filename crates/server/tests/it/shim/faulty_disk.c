/*
 * A disk that fails on demand, for the tests in faulty_disk.rs.
 *
 * Why C: the flush that must fail is the one that SQLite makes, inside the real server. The only place between the
 * two is the C library, and what stands there has to be a shared object with the C library's own names. It is loaded
 * with LD_PRELOAD; nothing of it is in the product.
 *
 * The file named by CHARGLY_FAULT_PLAN holds one line, and is read at every call, so that a test can change its mind:
 *
 *     fail-flush PATH-ENDING        the next flush of such a file fails with EIO; once: the plan is removed by it
 *     slow-flush PATH-ENDING MS     a flush of such a file takes so many milliseconds longer, or until the plan is gone
 *     full PATH-ENDING              no write to such a file finds space
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

struct plan {
    const char *file;
    char what[16];
    char ending[128];
    long ms;
};

static int read_plan(struct plan *plan) {
    char line[256];
    plan->file = getenv("CHARGLY_FAULT_PLAN");
    plan->ms = 0;
    if (plan->file == NULL) return 0;
    int fd = open(plan->file, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return 0;
    ssize_t length = read(fd, line, sizeof line - 1);
    close(fd);
    if (length <= 0) return 0;
    line[length] = '\0';
    return sscanf(line, "%15s %127s %ld", plan->what, plan->ending, &plan->ms) >= 2;
}

/* Whether there is a plan to do this to the file behind fd. Leaves errno as it was. */
static int is_planned(const char *what, int fd, struct plan *plan) {
    char link[64], path[1024];
    int before = errno, planned = 0;
    if (read_plan(plan) && strcmp(plan->what, what) == 0) {
        snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        ssize_t length = readlink(link, path, sizeof path - 1);
        size_t ending = strlen(plan->ending);
        if (length > 0 && (size_t)length >= ending) {
            path[length] = '\0';
            planned = strcmp(path + length - ending, plan->ending) == 0;
        }
    }
    errno = before;
    return planned;
}

static int flush(int fd, const char *name) {
    struct plan plan;
    if (is_planned("fail-flush", fd, &plan) && unlink(plan.file) == 0) {
        errno = EIO;
        return -1;
    }
    for (long passed = 0; is_planned("slow-flush", fd, &plan) && passed < plan.ms; passed += 10) {
        struct timespec rest = {0, 10 * 1000000};
        nanosleep(&rest, NULL);
    }
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
    return real(fd);
}

int fsync(int fd) {
    return flush(fd, "fsync");
}

int fdatasync(int fd) {
    return flush(fd, "fdatasync");
}

static int is_full(int fd) {
    struct plan plan;
    return is_planned("full", fd, &plan);
}

ssize_t write(int fd, const void *bytes, size_t count) {
    static ssize_t (*real)(int, const void *, size_t);
    if (real == NULL) real = (ssize_t (*)(int, const void *, size_t))dlsym(RTLD_NEXT, "write");
    if (is_full(fd)) {
        errno = ENOSPC;
        return -1;
    }
    return real(fd, bytes, count);
}

ssize_t pwrite(int fd, const void *bytes, size_t count, off_t at) {
    static ssize_t (*real)(int, const void *, size_t, off_t);
    if (real == NULL) real = (ssize_t (*)(int, const void *, size_t, off_t))dlsym(RTLD_NEXT, "pwrite");
    if (is_full(fd)) {
        errno = ENOSPC;
        return -1;
    }
    return real(fd, bytes, count, at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t at) {
    static ssize_t (*real)(int, const void *, size_t, off64_t);
    if (real == NULL) real = (ssize_t (*)(int, const void *, size_t, off64_t))dlsym(RTLD_NEXT, "pwrite64");
    if (is_full(fd)) {
        errno = ENOSPC;
        return -1;
    }
    return real(fd, bytes, count, at);
}
