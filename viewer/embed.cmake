# SPDX-License-Identifier: Apache-2.0
# The HTML pages without data: bundled from viewer/web with npm, or taken ready-made. Sets
# GW_HTML_TEMPLATES, their folder, and GW_HTML_TEMPLATE_FILES. npm works in the build folder only; it
# goes to its registry when the lock file is new to that folder and at no other time.
set(GW_WEB_TEMPLATES "" CACHE PATH "A folder of pages built before (empty: build them with npm)")

if(GW_WEB_TEMPLATES)
  set(GW_HTML_TEMPLATES ${GW_WEB_TEMPLATES})
  set(GW_HTML_TEMPLATE_FILES ${GW_WEB_TEMPLATES}/page.html ${GW_WEB_TEMPLATES}/diff.html)
  return()
endif()

find_program(NPM npm REQUIRED)
find_program(NODE NAMES node nodejs REQUIRED)
set(web_source ${CMAKE_CURRENT_SOURCE_DIR}/web)
set(web_build ${CMAKE_CURRENT_BINARY_DIR}/web)
set(GW_HTML_TEMPLATES ${web_build})
set(GW_HTML_TEMPLATE_FILES ${web_build}/page.html ${web_build}/diff.html)
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
  COMMENT "Fetching the packages of the HTML pages"
  VERBATIM)

# The sources are copied next to node_modules, so that the bundler finds the packages.
add_custom_command(
  OUTPUT ${GW_HTML_TEMPLATE_FILES}
  COMMAND ${CMAKE_COMMAND} -E rm -rf ${web_build}/src
  COMMAND ${CMAKE_COMMAND} -E copy_directory ${web_source}/src ${web_build}/src
  COMMAND ${CMAKE_COMMAND} -E copy ${web_source}/build.mjs ${web_build}
  COMMAND ${NODE} ${web_build}/build.mjs ${web_build}
  DEPENDS ${web_build}/packages.stamp ${web_source}/build.mjs ${web_inputs}
  COMMENT "Bundling the HTML pages"
  VERBATIM)
