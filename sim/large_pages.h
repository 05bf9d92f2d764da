// The heap on pages of 2 MiB: a mesh touches some 20 MB in no order, and every packet's memory lies
// on other pages than the last one's (docs/LAB.md, "Speed").
#pragma once

namespace diemcau::sim {

// The first thing a program of the lab does: begins it once more with the C library told to ask for
// large pages (glibc(7), "glibc.malloc.hugetlb"), which it reads only there. Returns if that is so
// already, if GLIBC_TUNABLES is set by whoever began the program, or if the system does not allow
// it: then pages are as small as ever.
void begin_with_large_pages(char** argv);

}  // namespace diemcau::sim
