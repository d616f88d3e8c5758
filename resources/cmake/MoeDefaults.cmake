# SPDX-License-Identifier: Apache-2.0
# Language level, warnings, sanitizers and the two functions every folder uses.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()
find_program(MOE_CCACHE ccache)
if(MOE_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${MOE_CCACHE}")
endif()

add_library(moe_flags INTERFACE)
# The same source must give the same bits on every path: no contraction chosen per call site is left to the
# optimiser across threads, and no -ffast-math anywhere.
# nvcc takes its own flags (engine/backend/cuda).
set(_host_flags -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual
  $<$<BOOL:${MOE_WERROR}>:-Werror> $<$<BOOL:${MOE_NATIVE}>:-march=native>)
target_compile_options(moe_flags INTERFACE "$<$<COMPILE_LANGUAGE:CXX>:${_host_flags}>")
if(MOE_SANITIZE)
  target_compile_options(moe_flags INTERFACE "$<$<COMPILE_LANGUAGE:CXX>:-fsanitize=${MOE_SANITIZE};-fno-omit-frame-pointer>")
  target_link_options(moe_flags INTERFACE -fsanitize=${MOE_SANITIZE})
endif()
target_include_directories(moe_flags INTERFACE "${CMAKE_SOURCE_DIR}" "${CMAKE_BINARY_DIR}/generated")

# moe_add_library(NAME SOURCES a.cpp ... LIBS x y): one static library per folder; headers are included from the
# top of the tree, as in #include "engine/core/error.h".
function(moe_add_library name)
  cmake_parse_arguments(A "" "" "SOURCES;LIBS;PRIVATE_LIBS" ${ARGN})
  add_library(${name} STATIC ${A_SOURCES})
  target_link_libraries(${name} PUBLIC moe_flags ${A_LIBS} PRIVATE ${A_PRIVATE_LIBS})
endfunction()

# moe_add_test(NAME SOURCES a.cpp ... LIBS x y [LABELS l] [TIMEOUT s]): one QtTest program, registered with CTest. Tests
# are about the CPU, on every machine; those of engine/backend/cuda ask for the module themselves.
function(moe_add_test name)
  cmake_parse_arguments(A "" "TIMEOUT" "SOURCES;LIBS;LABELS" ${ARGN})
  add_executable(${name} ${A_SOURCES})
  set_target_properties(${name} PROPERTIES AUTOMOC ON RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/tests")
  target_link_libraries(${name} PRIVATE moe_flags ${A_LIBS} Qt6::Test)
  add_test(NAME ${name} COMMAND ${name})
  if(NOT A_TIMEOUT)
    set(A_TIMEOUT 300)
  endif()
  set_tests_properties(${name} PROPERTIES TIMEOUT ${A_TIMEOUT} LABELS "${A_LABELS}"
    ENVIRONMENT "QT_QPA_PLATFORM=offscreen;MOE_CUDA_MODULE=off;MOE_SOURCE_DIR=${CMAKE_SOURCE_DIR};MOE_BIN_DIR=${CMAKE_BINARY_DIR}/bin")
endfunction()
