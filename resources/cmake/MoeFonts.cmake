# SPDX-License-Identifier: GPL-3.0-or-later
# The interface fonts, made by resources/fonts/make_fonts.py from the installed packages fonts-inter and
# fonts-jetbrains-mono. Sets MOE_FONT_DIR and MOE_FONT_FILES; the latter is empty when a tool or font is missing, and
# the studio then uses a system font.
set(MOE_FONT_DIR "${CMAKE_BINARY_DIR}/resources/fonts")
set(MOE_FONT_FILES "")

# Debian's interpreter first: python3-fonttools installs for it, not for another one that may lead the search path.
find_program(MOE_PYTHON python3 PATHS /usr/bin NO_DEFAULT_PATH)
find_program(MOE_PYTHON python3)
find_path(MOE_INTER_DIR Inter-Regular.otf PATHS /usr/share/fonts/opentype/inter NO_DEFAULT_PATH)
find_path(MOE_MONO_DIR JetBrainsMono-Regular.ttf PATHS /usr/share/fonts/truetype/jetbrains-mono NO_DEFAULT_PATH)
set(_fonttools 1)
if(MOE_PYTHON)
  execute_process(COMMAND "${MOE_PYTHON}" -c "import fontTools.subset" RESULT_VARIABLE _fonttools OUTPUT_QUIET ERROR_QUIET)
endif()

if(_fonttools EQUAL 0 AND MOE_INTER_DIR AND MOE_MONO_DIR)
  foreach(_name MoESans-Regular.otf MoESans-Medium.otf MoESans-SemiBold.otf MoEMono-Regular.ttf)
    list(APPEND MOE_FONT_FILES "${MOE_FONT_DIR}/${_name}")
  endforeach()
  add_custom_command(OUTPUT ${MOE_FONT_FILES} "${MOE_FONT_DIR}/OFL.txt"
    COMMAND "${MOE_PYTHON}" "${CMAKE_SOURCE_DIR}/resources/fonts/make_fonts.py" --inter "${MOE_INTER_DIR}" --mono "${MOE_MONO_DIR}"
      --licence "${CMAKE_SOURCE_DIR}/LICENSES/OFL-1.1.txt" --out "${MOE_FONT_DIR}"
    DEPENDS "${CMAKE_SOURCE_DIR}/resources/fonts/make_fonts.py" "${CMAKE_SOURCE_DIR}/LICENSES/OFL-1.1.txt"
    COMMENT "Making the interface fonts" VERBATIM)
else()
  message(WARNING "No interface font: needs python3-fonttools, fonts-inter and fonts-jetbrains-mono; "
    "the studio will use a system font. ./dev build installs them.")
endif()
