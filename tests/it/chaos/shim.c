/* Bad weather for one process, by LD_PRELOAD: slow fsync, a wall clock that is off, writes to files that fail.
 *
 * What the weather is stands in a file of three 64-bit numbers, which the test changes while the process runs. Everything
 * that is not named there goes to the C library unchanged; sockets and pipes are left alone. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

struct weather {
    int64_t sync_delay_us;
    int64_t clock_offset_us;
    int64_t write_errno;
};

static const struct weather calm;
static volatile const struct weather *weather = &calm;

__attribute__((constructor)) static void look(void) {
    const char *path = getenv("CROSSDOCK_CHAOS_WEATHER");
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0) return;
    void *seen = mmap(0, sizeof(struct weather), PROT_READ, MAP_SHARED, fd, 0);
    close(fd);
    if (seen != MAP_FAILED) weather = seen;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static void wait_as_told(void) {
    int64_t us = weather->sync_delay_us;
    struct timespec span = { us / 1000000, us % 1000000 * 1000 };
    if (us > 0) nanosleep(&span, 0);
}

static int refused(int fd) {
    struct stat about;
    if (!weather->write_errno || fstat(fd, &about) || !S_ISREG(about.st_mode)) return 0;
    errno = (int)weather->write_errno;
    return 1;
}

int fsync(int fd) {
    wait_as_told();
    return REAL(fsync)(fd);
}

int fdatasync(int fd) {
    wait_as_told();
    return REAL(fdatasync)(fd);
}

ssize_t write(int fd, const void *bytes, size_t count) {
    return refused(fd) ? -1 : REAL(write)(fd, bytes, count);
}

ssize_t pwrite(int fd, const void *bytes, size_t count, off_t at) {
    return refused(fd) ? -1 : REAL(pwrite)(fd, bytes, count, at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t at) {
    return refused(fd) ? -1 : REAL(pwrite64)(fd, bytes, count, at);
}

int clock_gettime(clockid_t clock, struct timespec *at) {
    static __typeof__(&clock_gettime) real;
    if (!real) real = REAL(clock_gettime);
    int failed = real(clock, at);
    if (failed || (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE)) return failed;
    int64_t ns = at->tv_nsec + weather->clock_offset_us % 1000000 * 1000;
    at->tv_sec += weather->clock_offset_us / 1000000 + ns / 1000000000;
    at->tv_nsec = ns % 1000000000;
    if (at->tv_nsec < 0) {
        at->tv_nsec += 1000000000;
        at->tv_sec -= 1;
    }
    return 0;
}

int gettimeofday(struct timeval *restrict at, void *restrict zone) {
    struct timespec now;
    (void)zone;
    if (clock_gettime(CLOCK_REALTIME, &now)) return -1;
    at->tv_sec = now.tv_sec;
    at->tv_usec = now.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *at) {
    struct timespec now;
    if (clock_gettime(CLOCK_REALTIME, &now)) return -1;
    if (at) *at = now.tv_sec;
    return now.tv_sec;
}
