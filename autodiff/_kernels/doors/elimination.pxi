# The door to the elimination: after reading it you know a kernel that writes to what it is given, and never to a copy.

def eliminate(a, bint pivot):
    """Make of each of the matrices a (n, c, s) its triangles, in place: u, and below the diagonal l without its ones.

    Returns (n, c): with which row each row was exchanged in its turn; with itself everywhere, unless `pivot`.
    """
    cdef PyObject* given[1]
    given[0] = <PyObject*>a
    partners = through(ELIMINATE, b"ncs! -> nc", given, 0, &pivot)
    return reference.eliminate(a, pivot) if partners is None else partners
