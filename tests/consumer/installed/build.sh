# SPDX-License-Identifier: Apache-2.0
# The same program by pkg-config alone; CXX and CXXFLAGS are yours.
set -eu
$CXX -std=c++23 $CXXFLAGS main.cpp other.cpp $(pkg-config --cflags --libs ardent) -o app
