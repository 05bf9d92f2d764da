# Warnings, sanitizers, ccache and mold: one interface target that every target of ours links.
add_library(diemcau_options INTERFACE)
target_include_directories(diemcau_options INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_options(diemcau_options INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wold-style-cast -Wnon-virtual-dtor
  -Woverloaded-virtual -Wcast-align -Wformat=2 -Wimplicit-fallthrough
  # Floats may only report, and must report the same everywhere: no fused multiply-add behind our back.
  -ffp-contract=off
  # Clang names what libstdc++'s own stable_sort uses.
  $<$<CXX_COMPILER_ID:Clang>:-Wno-deprecated-declarations>)

option(DIEMCAU_WERROR "Treat warnings as errors" OFF)
if(DIEMCAU_WERROR)
  target_compile_options(diemcau_options INTERFACE -Werror)
endif()

set(DIEMCAU_SANITIZE "" CACHE STRING "Sanitizers for -fsanitize=, e.g. address,undefined or thread")
if(DIEMCAU_SANITIZE)
  add_compile_options(-fsanitize=${DIEMCAU_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${DIEMCAU_SANITIZE})
endif()

# Optimised by counts: `training` counts calls and branches while the lab holds a meeting, `release` is laid out by them (./dev
# build release does both).
set(DIEMCAU_PROFILE "" CACHE STRING "train: count while running; a file of llvm-profdata: optimise by its counts")
if(DIEMCAU_PROFILE STREQUAL "train")
  add_compile_options(-fprofile-generate=${CMAKE_BINARY_DIR}/counts)
  add_link_options(-fprofile-generate)
elseif(DIEMCAU_PROFILE)
  # What the lab does not run (codecs, sockets) has no counts and is optimised as ever.
  add_compile_options(-fprofile-use=${DIEMCAU_PROFILE} -Wno-backend-plugin)
endif()

find_program(CCACHE ccache)
if(CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # Without this sloppiness ccache remembers nothing that has a precompiled header (ccache(1), "Precompiled headers").
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE})
endif()
find_program(MOLD mold)
if(MOLD)
  add_link_options(-fuse-ld=mold)
endif()

# A folder is its library: every .cc that lies in it is built, so that no dead file can hide.
function(diemcau_sources out)
  set(all "")
  foreach(dir ${ARGN})
    file(GLOB found CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${dir}/*.cc)
    list(APPEND all ${found})
  endforeach()
  set(${out} ${all} PARENT_SCOPE)
endfunction()

# Where little is optimised, to read the standard headers is half of the compiler's work. dev builds without: no missing #include
# can hide.
function(diemcau_standard_headers_once target)
  if(CMAKE_BUILD_TYPE STREQUAL "Debug" OR DIEMCAU_SANITIZE)
    target_precompile_headers(${target} PRIVATE <algorithm> <array> <chrono> <functional> <map> <memory> <optional> <span> <string>
      <variant> <vector>)
  endif()
endfunction()
