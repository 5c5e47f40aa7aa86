# SPDX-License-Identifier: Apache-2.0
# The HTML page without data: bundled from viewer/web with npm, or taken ready-made. Sets
# GW_HTML_TEMPLATE_FILE. npm works in the build folder only; it goes to its registry when the lock
# file is new to that folder and at no other time.
set(GW_WEB_TEMPLATE "" CACHE FILEPATH "A page built before (empty: build it with npm)")

if(GW_WEB_TEMPLATE)
  set(GW_HTML_TEMPLATE_FILE ${GW_WEB_TEMPLATE})
  return()
endif()

find_program(NPM npm REQUIRED)
find_program(NODE NAMES node nodejs REQUIRED)
set(web_source ${CMAKE_CURRENT_SOURCE_DIR}/web)
set(web_build ${CMAKE_CURRENT_BINARY_DIR}/web)
set(GW_HTML_TEMPLATE_FILE ${web_build}/page.html)
file(GLOB web_files CONFIGURE_DEPENDS RELATIVE ${web_source} ${web_source}/src/*)
list(TRANSFORM web_files PREPEND ${web_source}/ OUTPUT_VARIABLE web_inputs)

add_custom_command(
  OUTPUT ${web_build}/packages.stamp
  COMMAND ${CMAKE_COMMAND} -E make_directory ${web_build}
  COMMAND ${CMAKE_COMMAND} -E copy ${web_source}/package.json ${web_source}/package-lock.json
          ${web_build}
  COMMAND ${NPM} ci --prefix ${web_build} --ignore-scripts --prefer-offline --no-audit --no-fund
          --no-update-notifier --no-progress --loglevel=error
  COMMAND ${CMAKE_COMMAND} -E touch ${web_build}/packages.stamp
  DEPENDS ${web_source}/package.json ${web_source}/package-lock.json
  COMMENT "Fetching the packages of the HTML page"
  VERBATIM)

# The sources are copied next to node_modules, so that the bundler finds the packages.
add_custom_command(
  OUTPUT ${GW_HTML_TEMPLATE_FILE}
  COMMAND ${CMAKE_COMMAND} -E rm -rf ${web_build}/src
  COMMAND ${CMAKE_COMMAND} -E copy_directory ${web_source}/src ${web_build}/src
  COMMAND ${CMAKE_COMMAND} -E copy ${web_source}/build.mjs ${web_build}
  COMMAND ${NODE} ${web_build}/build.mjs ${GW_HTML_TEMPLATE_FILE}
  DEPENDS ${web_build}/packages.stamp ${web_source}/build.mjs ${web_inputs}
  COMMENT "Bundling the HTML page"
  VERBATIM)
