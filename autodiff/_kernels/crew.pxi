# The crew: threads that take parts of one large product, as the calling thread does.
#
# Waking a sleeping thread takes about as long as a product of 300^3. So after a product the crew looks out for the
# next for about a millisecond (PATIENCE) before it sleeps, as the threads of other libraries do, and nobody needs the GIL.
# Everything that two threads may touch at once is a `long` that is read and written atomically.

from cpython.mem cimport PyMem_RawCalloc
from cpython.pythread cimport PyThread_acquire_lock, PyThread_allocate_lock, PyThread_release_lock, PyThread_type_lock

cdef extern from *:
    """
    #if defined(__GNUC__)
    #  define ad_load(p) __atomic_load_n(p, __ATOMIC_SEQ_CST)
    #  define ad_swap(p, value) __atomic_exchange_n(p, value, __ATOMIC_SEQ_CST)
    #  define ad_add(p, value) __atomic_fetch_add(p, value, __ATOMIC_SEQ_CST)
    #else
    #  include <intrin.h>
    #  define ad_load(p) _InterlockedOr(p, 0)
    #  define ad_swap(p, value) _InterlockedExchange(p, value)
    #  define ad_add(p, value) _InterlockedExchangeAdd(p, value)
    #endif
    #if defined(__x86_64__) && defined(__GNUC__)
    #  define ad_pause() __builtin_ia32_pause()
    #elif defined(__aarch64__) && defined(__GNUC__)
    #  define ad_pause() __asm__ volatile("yield")
    #else
    #  define ad_pause()
    #endif
    #if defined(_WIN32)
    #  define ad_yield()
    #else
    #  include <sched.h>
    #  define ad_yield() sched_yield()
    #endif
    """
    long load "ad_load"(long* p) nogil
    long swap "ad_swap"(long* p, long value) nogil
    long add "ad_add"(long* p, long value) nogil
    void pause "ad_pause"() nogil
    void give_way "ad_yield"() nogil

cdef enum:
    SEATS = 128       # threads beside the calling one
    PATIENCE = 20000  # pauses before a thread sleeps, and before the calling one lets others run
    PARTS = 2         # for each thread: whoever is late does fewer


cdef struct Part:
    # A product, of which A's rows or B's columns are cut.
    Py_ssize_t m, k, n, ar, ac, br, bc, cr, whole, step
    const char* a
    const char* b
    const char* bias
    char* c
    int size, vector
    bint by_columns


cdef struct Crew:
    Part product
    long turn            # counts the products
    long open            # may somebody still take a part?
    long next            # the next part
    long inside          # members that may be at work
    long failed
    long asleep[SEATS]
    PyThread_type_lock bells[SEATS]
    # Read and written with the GIL:
    int hired
    bint complete        # the system gives no more threads
    bint taken           # by a calling thread


cdef Crew* crew = NULL


cdef void take_parts(Crew* team) noexcept nogil:
    cdef Part* o = &team.product
    cdef Py_ssize_t start, stop
    cdef int status
    while True:
        start = add(&team.next, 1) * o.step
        if start >= o.whole:
            return
        stop = min(start + o.step, o.whole)
        if o.by_columns:
            status = multiply(
                o.size, o.m, o.k, stop - start, o.a, o.ar, o.ac, o.b + start * o.bc * o.size, o.br, o.bc,
                o.bias + start * o.size if o.bias != NULL else o.bias, o.c + start * o.size, o.cr, o.vector)
        else:
            status = multiply(
                o.size, stop - start, o.k, o.n, o.a + start * o.ar * o.size, o.ar, o.ac, o.b, o.br, o.bc,
                o.bias, o.c + start * o.cr * o.size, o.cr, o.vector)
        if status:
            swap(&team.failed, 1)


def attend(int seat):
    """What a thread of the crew does all its life: look out for a product, take parts of it, sleep."""
    cdef Crew* team = crew
    cdef long seen = 0, waited = 0
    with nogil:
        while True:
            if load(&team.turn) != seen:
                seen = load(&team.turn)
                # Whoever is inside is waited for; whoever comes in after the end finds it closed.
                add(&team.inside, 1)
                if load(&team.open):
                    take_parts(team)
                add(&team.inside, -1)
                waited = 0
            elif waited < PATIENCE:
                pause()
                waited += 1
            else:
                swap(&team.asleep[seat], 1)
                # A product may have come in between: then the bell rings, unless it is this thread that takes the 1 away.
                if load(&team.turn) == seen or swap(&team.asleep[seat], 0) == 0:
                    PyThread_acquire_lock(team.bells[seat], 1)
                waited = 0


def forget_crew():
    """In a forked child the crew's threads do not exist: start anew."""
    global crew
    crew = NULL


cdef int hire(int wanted) except -1:
    """Have that many threads, if the system lets us; returns how many there are."""
    global crew
    cdef int seat
    if crew == NULL:
        # Never given back: its threads live as long as the process.
        crew = <Crew*>PyMem_RawCalloc(1, sizeof(Crew))
        if crew == NULL:
            raise MemoryError()
    while crew.hired < min(wanted, <int>SEATS) and not crew.complete:
        seat = crew.hired
        crew.bells[seat] = PyThread_allocate_lock()
        if crew.bells[seat] == NULL:
            raise MemoryError()
        PyThread_acquire_lock(crew.bells[seat], 1)
        crew.hired += 1  # before another calling thread may come here
        if not _threads.start(attend, seat):
            crew.complete = True
    return min(wanted, crew.hired)


cdef int share(const Part* product, int threads) except -2:
    """Compute the product with that many threads, this one among them; -1 where there was no memory, -3 if others are at it."""
    cdef Crew* team
    cdef int i, members = hire(threads - 1)
    cdef long waited = 0
    team = crew
    if team.taken or members == 0:
        return -3
    team.taken = True
    team.product = product[0]
    team.next = team.failed = 0
    swap(&team.open, 1)
    add(&team.turn, 1)
    for i in range(members):
        if swap(&team.asleep[i], 0):
            PyThread_release_lock(team.bells[i])
    with nogil:
        take_parts(team)
        swap(&team.open, 0)
        while load(&team.inside):
            pause()
            waited += 1
            if waited > PATIENCE:
                give_way()
    team.taken = False
    return -team.failed
