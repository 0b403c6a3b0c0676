/*
 * A wall clock of one process that is wrong, and that changes while the process runs.
 *
 * Loaded before every other library (LD_PRELOAD), it answers the questions for the time of day instead of the C
 * library, and adds to each answer as many milliseconds as the eight bytes of a file say, which is mapped into memory:
 * whoever writes the file sets the clock, at once. CLOCK_MONOTONIC and its kin stay as they are, as they do when an
 * operator or NTP sets a machine's clock.
 *
 * Waits until a point of the time of day (condition variables, semaphores) are given in the wrong time, and have to end
 * when the wrong clock gets there. The kernel knows nothing of it, so such a wait is made in short pieces, with a look
 * at the clock between them: set back in the middle of a wait it makes that wait longer, set forward it ends it, as the
 * kernel does it when the real clock is set.
 *
 * The file is named by TRUNKLINE_CLOCK_SHIFT. Without it, or when it cannot be read, the clock is right.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

/* Nanoseconds of one piece of a wait: how late a change of the clock may be noticed. */
#define PIECE_NS (20 * 1000000L)
#define SECOND_NS 1000000000L

/* What is added to the clock, in milliseconds; null while it is right. */
static const volatile int64_t *shift;

__attribute__((constructor)) static void map_shift(void)
{
	const char *path = getenv("TRUNKLINE_CLOCK_SHIFT");
	if (path == NULL)
		return;
	int file = open(path, O_RDONLY | O_CLOEXEC);
	if (file < 0)
		return;
	void *mapped = mmap(NULL, sizeof(*shift), PROT_READ, MAP_SHARED, file, 0);
	close(file);
	if (mapped != MAP_FAILED)
		shift = mapped;
}

static int shifted_clock(clockid_t clock)
{
	return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE;
}

static void add_ns(struct timespec *time, int64_t nanoseconds)
{
	int64_t rest = time->tv_nsec + nanoseconds % SECOND_NS;
	time->tv_sec += nanoseconds / SECOND_NS;
	if (rest < 0) {
		rest += SECOND_NS;
		time->tv_sec -= 1;
	} else if (rest >= SECOND_NS) {
		rest -= SECOND_NS;
		time->tv_sec += 1;
	}
	time->tv_nsec = rest;
}

/* The real clock, from the kernel: the C library's own function is the one that is replaced here. */
static int real_clock(clockid_t clock, struct timespec *time)
{
	return (int)syscall(SYS_clock_gettime, clock, time);
}

/*
 * The C library's own function of that name; version is null where there is only one. The condition variables of glibc
 * have two versions, and dlsym may hand out the one of 1999, whose structure is another.
 */
static void *original(const char *name, const char *version)
{
	return version == NULL ? dlsym(RTLD_NEXT, name) : dlvsym(RTLD_NEXT, name, version);
}

#if defined(__x86_64__)
#define CONDITION_VERSION "GLIBC_2.3.2"
#else
#define CONDITION_VERSION NULL
#endif

/* === The time of day === */

int clock_gettime(clockid_t clock, struct timespec *time)
{
	static int (*next)(clockid_t, struct timespec *);
	if (next == NULL)
		next = original("clock_gettime", NULL);
	/* Before the libraries are all there, nobody but the kernel can be asked. */
	int result = next != NULL ? next(clock, time) : real_clock(clock, time);
	if (result == 0 && shift != NULL && shifted_clock(clock))
		add_ns(time, *shift * 1000000);
	return result;
}

int gettimeofday(struct timeval *restrict time, void *restrict zone)
{
	struct timespec now;
	(void)zone;
	if (clock_gettime(CLOCK_REALTIME, &now) != 0)
		return -1;
	time->tv_sec = now.tv_sec;
	time->tv_usec = now.tv_nsec / 1000;
	return 0;
}

time_t time(time_t *where)
{
	struct timespec now;
	if (clock_gettime(CLOCK_REALTIME, &now) != 0)
		return (time_t)-1;
	if (where != NULL)
		*where = now.tv_sec;
	return now.tv_sec;
}

int timespec_get(struct timespec *time, int base)
{
	if (base != TIME_UTC || clock_gettime(CLOCK_REALTIME, time) != 0)
		return 0;
	return base;
}

/* === Waits until a time of day === */

/*
 * The end of the next piece of a wait, in real time; false when the wrong clock has reached the deadline already. A
 * piece is never longer than what is left.
 */
static int next_piece(const struct timespec *deadline, struct timespec *piece)
{
	struct timespec now;
	real_clock(CLOCK_REALTIME, &now);
	*piece = now;
	int64_t offset_ns = shift != NULL ? *shift * 1000000 : 0;
	add_ns(&now, offset_ns);
	int64_t left = (deadline->tv_sec - now.tv_sec) * SECOND_NS + (deadline->tv_nsec - now.tv_nsec);
	if (left <= 0)
		return 0;
	add_ns(piece, left < PIECE_NS ? left : PIECE_NS);
	return 1;
}

typedef int cond_wait(pthread_cond_t *, pthread_mutex_t *, const struct timespec *);

/* Waits piece by piece; a wake-up, real or not, ends it, which callers have to expect anyway. */
static int wait_shifted(cond_wait *next, pthread_cond_t *cond, pthread_mutex_t *mutex, const struct timespec *deadline)
{
	struct timespec piece;
	while (next_piece(deadline, &piece)) {
		int result = next(cond, mutex, &piece);
		if (result != ETIMEDOUT)
			return result;
	}
	/* Nothing was waited for at all, or the last piece is over. One look at the clock in the past releases the mutex
	 * once, as a real wait whose time has come does. */
	piece.tv_sec = 0;
	piece.tv_nsec = 0;
	return next(cond, mutex, &piece);
}

/* True for a condition variable that was made for the monotonic clock: glibc keeps it in the second bit. */
static int is_monotonic(const pthread_cond_t *cond)
{
	return (cond->__data.__wrefs & 2) != 0;
}

int pthread_cond_timedwait(pthread_cond_t *restrict cond, pthread_mutex_t *restrict mutex,
			   const struct timespec *restrict deadline)
{
	static cond_wait *next;
	if (next == NULL)
		next = original("pthread_cond_timedwait", CONDITION_VERSION);
	if (shift == NULL || is_monotonic(cond))
		return next(cond, mutex, deadline);
	return wait_shifted(next, cond, mutex, deadline);
}

int pthread_cond_clockwait(pthread_cond_t *cond, pthread_mutex_t *mutex, clockid_t clock,
			   const struct timespec *deadline)
{
	static int (*next)(pthread_cond_t *, pthread_mutex_t *, clockid_t, const struct timespec *);
	if (next == NULL)
		next = original("pthread_cond_clockwait", NULL);
	struct timespec piece;
	if (shift == NULL || clock != CLOCK_REALTIME)
		return next(cond, mutex, clock, deadline);
	while (next_piece(deadline, &piece)) {
		int result = next(cond, mutex, clock, &piece);
		if (result != ETIMEDOUT)
			return result;
	}
	piece.tv_sec = 0;
	piece.tv_nsec = 0;
	return next(cond, mutex, clock, &piece);
}

/* C11's condition variables are the same thing under another name; theirs are always on the time of day. */
int cnd_timedwait(cnd_t *restrict cond, mtx_t *restrict mutex, const struct timespec *restrict deadline)
{
	int result = pthread_cond_timedwait((pthread_cond_t *)cond, (pthread_mutex_t *)mutex, deadline);
	return result == 0 ? thrd_success : result == ETIMEDOUT ? thrd_timedout : thrd_error;
}

int sem_timedwait(sem_t *restrict semaphore, const struct timespec *restrict deadline)
{
	static int (*next)(sem_t *, const struct timespec *);
	if (next == NULL)
		next = original("sem_timedwait", NULL);
	struct timespec piece;
	if (shift == NULL)
		return next(semaphore, deadline);
	while (next_piece(deadline, &piece)) {
		int result = next(semaphore, &piece);
		if (result == 0 || errno != ETIMEDOUT)
			return result;
	}
	piece.tv_sec = 0;
	piece.tv_nsec = 0;
	return next(semaphore, &piece);
}
