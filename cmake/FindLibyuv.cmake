# Debian's libyuv ships neither a .pc file nor a CMake config.
find_path(LIBYUV_INCLUDE_DIR libyuv.h)
find_library(LIBYUV_LIBRARY yuv)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Libyuv REQUIRED_VARS LIBYUV_LIBRARY LIBYUV_INCLUDE_DIR)
if(Libyuv_FOUND AND NOT TARGET Libyuv::Libyuv)
  add_library(Libyuv::Libyuv UNKNOWN IMPORTED GLOBAL)
  set_target_properties(Libyuv::Libyuv PROPERTIES IMPORTED_LOCATION ${LIBYUV_LIBRARY}
    INTERFACE_INCLUDE_DIRECTORIES ${LIBYUV_INCLUDE_DIR})
endif()
