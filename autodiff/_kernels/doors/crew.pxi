# The crew: threads that take parts of one large product or convolution, as the calling thread does. After reading it you know
# how work is cut, who computes what, and how little two threads have to agree on.
#
# Waking a sleeping thread takes about as long as a product of 300^3. So after a product the crew looks out for the
# next for about a millisecond (PATIENCE) before it sleeps, as the threads of other libraries do, and nobody needs the GIL.
# Everything that two threads may touch at once is a `long` that is read and written atomically.

from cpython.mem cimport PyMem_RawCalloc
from cpython.pythread cimport PyThread_acquire_lock, PyThread_allocate_lock, PyThread_release_lock, PyThread_type_lock

cdef extern from *:
    """
    #if defined(__GNUC__) || defined(__clang__)
    #  define ad_load(p) __atomic_load_n(p, __ATOMIC_SEQ_CST)
    #  define ad_swap(p, value) __atomic_exchange_n(p, value, __ATOMIC_SEQ_CST)
    #  define ad_add(p, value) __atomic_fetch_add(p, value, __ATOMIC_SEQ_CST)
    #else
    #  include <intrin.h>
    #  define ad_load(p) _InterlockedOr(p, 0)
    #  define ad_swap(p, value) _InterlockedExchange(p, value)
    #  define ad_add(p, value) _InterlockedExchangeAdd(p, value)
    #endif
    #if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
    #  define ad_pause() __builtin_ia32_pause()
    #elif defined(__aarch64__) && (defined(__GNUC__) || defined(__clang__))
    #  define ad_pause() __asm__ volatile("yield")
    #elif defined(_M_X64) || defined(_M_IX86)
    #  define ad_pause() _mm_pause()
    #elif defined(_M_ARM64)
    #  define ad_pause() __yield()
    #else
    #  define ad_pause()
    #endif
    #if defined(_WIN32)
    /* Declared by hand: all of windows.h for one function would bring a thousand names. */
    __declspec(dllimport) int __stdcall SwitchToThread(void);
    #  define ad_yield() SwitchToThread()
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


cdef struct Shared:
    # A product, of which A's rows or B's columns are cut; or windows, of which the examples or the channels are.
    Product whole
    Windows windows
    void* a[4]
    int size
    int windowed  # which of the loops over windows, or -1 for a product
    bint by_columns
    Py_ssize_t length, step  # how many rows, columns, examples or channels there are, and how many of them a part has


cdef struct Crew:
    Shared work
    long turn            # counts the works
    long open            # may somebody still take a part?
    long next            # the next part
    long inside          # members that may be at work
    long failed
    long asleep[SEATS]
    long hired
    long taken           # by a calling thread
    PyThread_type_lock bells[SEATS]
    bint complete        # the system gives no more threads; read and written by whoever hires


cdef Crew* crew = NULL
cdef PyThread_type_lock hiring = PyThread_allocate_lock()


cdef inline int multiply(int size, const Product* o, void** a) noexcept nogil:
    if size == 4:
        return core.tiled32[MATMUL](<float**>a, o)
    return core.tiled64[MATMUL](<double**>a, o)


cdef inline int slide(int loop, int size, const Windows* v, void** a) noexcept nogil:
    if size == 4:
        return core.windowed32[loop](<float**>a, v)
    return core.windowed64[loop](<double**>a, v)


cdef int part_of_product(const Shared* o, Py_ssize_t start, Py_ssize_t length) noexcept nogil:
    cdef Product part = o.whole
    cdef void* a[4]
    memcpy(a, o.a, sizeof(a))
    if o.by_columns:
        part.n = length
        a[1] = <char*>a[1] + start * part.b_col * o.size
        a[2] = <char*>a[2] + start * o.size if a[2] != NULL else NULL
        a[3] = <char*>a[3] + start * o.size
    else:
        part.m = length
        a[0] = <char*>a[0] + start * part.a_row * o.size
        a[3] = <char*>a[3] + start * part.c_row * o.size
    return multiply(o.size, &part, a)


cdef int part_of_windows(const Shared* o, Py_ssize_t start, Py_ssize_t length) noexcept nogil:
    cdef Windows part = o.windows
    cdef void* a[4]
    memcpy(a, o.a, sizeof(a))
    part.begin, part.end = start, start + length
    return slide(o.windowed, o.size, &part, a)


cdef void take_parts(Crew* team) noexcept nogil:
    cdef Shared* o = &team.work
    cdef Py_ssize_t start, length
    while True:
        start = add(&team.next, 1) * o.step
        if start >= o.length:
            return
        length = min(o.step, o.length - start)
        if part_of_product(o, start, length) if o.windowed == -1 else part_of_windows(o, start, length):
            swap(&team.failed, 1)


def attend(int seat):
    """What a thread of the crew does all its life: look out for work, take parts of it, sleep."""
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
                if waited % 256 == 0:
                    give_way()
            else:
                swap(&team.asleep[seat], 1)
                # Work may have come in between: then the bell rings, unless it is this thread that takes the 1 away.
                if load(&team.turn) == seen or swap(&team.asleep[seat], 0) == 0:
                    PyThread_acquire_lock(team.bells[seat], 1)
                waited = 0


def forget_crew():
    """In a forked child the crew's threads do not exist, nor does one that was hiring: start anew."""
    global crew, hiring
    crew, hiring = NULL, PyThread_allocate_lock()


cdef int hire(int wanted) except -1:
    """Have that many threads, if the system lets us; returns how many there are.

    One thread hires at a time, with the GIL or without one. Another does not wait for it: to start a thread the GIL is let go,
    so that whoever holds it and waits would wait forever. It goes on with those that are there.
    """
    global crew
    cdef long seat
    if crew != NULL and load(&crew.hired) >= wanted:
        return wanted
    if hiring == NULL or not PyThread_acquire_lock(hiring, 0):
        return 0 if crew == NULL else min(wanted, <int>load(&crew.hired))
    try:
        if crew == NULL:
            # Never given back: its threads live as long as the process.
            crew = <Crew*>PyMem_RawCalloc(1, sizeof(Crew))
            if crew == NULL:
                raise MemoryError()
        while load(&crew.hired) < min(wanted, <int>SEATS) and not crew.complete:
            seat = load(&crew.hired)
            if crew.bells[seat] == NULL:
                crew.bells[seat] = PyThread_allocate_lock()
                if crew.bells[seat] == NULL:
                    raise MemoryError()
                PyThread_acquire_lock(crew.bells[seat], 1)
            if threads.start(attend, seat):
                add(&crew.hired, 1)
            else:
                crew.complete = True
        return min(wanted, <int>load(&crew.hired))
    finally:
        PyThread_release_lock(hiring)


cdef int share_product(int size, const Product* o, void** a, int members) except -2:
    """Compute a product with that many threads, this one among them; -1 where there was no memory, -3 if others are at it."""
    cdef Shared work
    cdef Py_ssize_t unit
    work.whole, work.size, work.windowed, work.by_columns = o[0], size, -1, o.n > o.m
    memcpy(work.a, a, sizeof(work.a))
    # Parts are whole tiles, so that every element is computed the same way for any number of threads.
    unit = core.tile_bytes // size if work.by_columns else core.tile_rows
    work.length = o.n if work.by_columns else o.m
    work.step = ((work.length + unit - 1) // unit + PARTS * members - 1) // (PARTS * members) * unit
    return share(&work, members)


cdef int share_windows(int loop, int size, const Windows* v, void** a, Py_ssize_t length, int parts, int members) except -2:
    """Compute what goes over windows with that many threads; the same replies."""
    cdef Shared work
    work.windows, work.size, work.windowed, work.length = v[0], size, loop, length
    memcpy(work.a, a, sizeof(work.a))
    work.step = (length + parts - 1) // parts
    return share(&work, members)


cdef int share(const Shared* work, int members) except -2:
    """Have the crew take the parts; -1 where there was no memory, -3 if others are at it."""
    cdef Crew* team
    cdef int i, hired = hire(members - 1)
    cdef long failed, waited = 0
    team = crew
    if hired == 0 or swap(&team.taken, 1):
        return -3
    team.work = work[0]
    team.next = team.failed = 0
    swap(&team.open, 1)
    add(&team.turn, 1)
    for i in range(hired):
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
        failed = load(&team.failed)  # the next caller begins with setting it to 0
        swap(&team.taken, 0)
    return -failed
