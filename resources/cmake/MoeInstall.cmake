# SPDX-License-Identifier: Apache-2.0
# cmake --install: programs, presets, licences; with the studio also its desktop entry, icons, metainfo, file type and fonts'
# licence. Included last, when every target is known.
include(GNUInstallDirs)
set(_id org.moestudio.Studio)
set(_doc "${CMAKE_INSTALL_DATADIR}/doc/moe-studio")

foreach(program moe-cli moe-studio)
  if(TARGET ${program})
    install(TARGETS ${program} RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
  endif()
endforeach()
if(TARGET moe_cuda)
  install(TARGETS moe_cuda LIBRARY DESTINATION lib/moe-studio)  # the place engine/backend/cuda_module.cpp looks at
endif()
install(DIRECTORY resources/presets/ DESTINATION "${CMAKE_INSTALL_DATADIR}/moe-studio/presets" FILES_MATCHING PATTERN "*.json")
install(FILES LICENSE NOTICE CHANGELOG.md DESTINATION "${_doc}")
install(DIRECTORY LICENSES DESTINATION "${_doc}")

if(MOE_BUILD_STUDIO)
  install(FILES resources/desktop/${_id}.desktop DESTINATION "${CMAKE_INSTALL_DATADIR}/applications")
  install(FILES resources/desktop/${_id}.metainfo.xml DESTINATION "${CMAKE_INSTALL_DATADIR}/metainfo")
  install(FILES resources/desktop/${_id}.xml DESTINATION "${CMAKE_INSTALL_DATADIR}/mime/packages")
  set(_hicolor "${CMAKE_INSTALL_DATADIR}/icons/hicolor")
  install(FILES resources/icons/${_id}.svg DESTINATION "${_hicolor}/scalable/apps")
  install(FILES resources/icons/${_id}-symbolic.svg DESTINATION "${_hicolor}/symbolic/apps")
  if(MOE_FONT_FILES)
    install(FILES "${MOE_FONT_DIR}/OFL.txt" DESTINATION "${_doc}/fonts")
  endif()

  # Desktops draw the scalable icon; the fixed sizes serve menus and software centres that want pixels.
  find_program(MOE_RSVG_CONVERT rsvg-convert)
  if(MOE_RSVG_CONVERT)
    foreach(_size 16 22 24 32 48 64 128 256 512)
      set(_png "${CMAKE_BINARY_DIR}/resources/icons/${_size}x${_size}/${_id}.png")
      add_custom_command(OUTPUT "${_png}"
        COMMAND "${CMAKE_COMMAND}" -E make_directory "${CMAKE_BINARY_DIR}/resources/icons/${_size}x${_size}"
        COMMAND "${MOE_RSVG_CONVERT}" -w ${_size} -h ${_size} -o "${_png}" "${CMAKE_SOURCE_DIR}/resources/icons/${_id}.svg"
        DEPENDS "${CMAKE_SOURCE_DIR}/resources/icons/${_id}.svg" VERBATIM)
      list(APPEND _pngs "${_png}")
      install(FILES "${_png}" DESTINATION "${_hicolor}/${_size}x${_size}/apps")
    endforeach()
    add_custom_target(moe_icons_png ALL DEPENDS ${_pngs})
  endif()
endif()
