# SPDX-License-Identifier: Apache-2.0
# One list for the module and for the emulated device of the tests.
set(MOE_CUDA_SOURCES)
foreach(_name activation attention choice cuda_backend dispatch embedding errors gemm lanes loss matmul noise norm optimizer
    router runtime soft)
  list(APPEND MOE_CUDA_SOURCES "${CMAKE_CURRENT_LIST_DIR}/${_name}.cu")
endforeach()
