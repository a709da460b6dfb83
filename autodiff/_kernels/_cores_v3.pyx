include "cores.pxi"
