/* Stands between a program and fsync, by LD_PRELOAD, to show what a power loss or a failing disk would do.
 *
 * SYNC_SHIM_KEEP=DIR   After every successful sync of a file, its content is copied to DIR/<name>: what is on the
 *                      disk for certain. The test kills the program and starts from these copies alone.
 * SYNC_SHIM_FAIL=FILE  While FILE exists, syncing a write-ahead log fails with EIO.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int ends_with(const char *text, const char *end) {
    size_t t = strlen(text), e = strlen(end);
    return t >= e && strcmp(text + t - e, end) == 0;
}

static void keep(int fd, const char *path, const char *dir) {
    char name[4096], to[4096], partial[4200], block[65536];
    off_t at = 0;
    ssize_t got;
    strncpy(name, path, sizeof name - 1);
    name[sizeof name - 1] = 0;
    snprintf(to, sizeof to, "%s/%s", dir, basename(name));
    snprintf(partial, sizeof partial, "%s.partial", to);
    int out = open(partial, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (out < 0) return;
    /* pread: the program's own offset stays where it is, and no descriptor of the file is opened or closed. */
    while ((got = pread(fd, block, sizeof block, at)) > 0) {
        if (write(out, block, (size_t)got) != got) break;
        at += got;
    }
    close(out);
    rename(partial, to);
}

static int sync_with(int fd, const char *real_name) {
    char link[64], path[4096];
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, real_name);
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    path[length < 0 ? 0 : length] = 0;
    const char *fail = getenv("SYNC_SHIM_FAIL"), *dir = getenv("SYNC_SHIM_KEEP");
    if (fail && ends_with(path, "-wal") && access(fail, F_OK) == 0) {
        errno = EIO;
        return -1;
    }
    int done = real(fd);
    struct stat info;
    if (done == 0 && dir && fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && !strstr(path, ".partial")) {
        keep(fd, path, dir);
    }
    return done;
}

int fsync(int fd) { return sync_with(fd, "fsync"); }
int fdatasync(int fd) { return sync_with(fd, "fdatasync"); }
