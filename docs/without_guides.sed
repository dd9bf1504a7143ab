# SPDX-License-Identifier: Apache-2.0
# For Doxygen: leaves out deduction guides, which name nothing but which it takes for functions, and keeps line numbers.
/^template /{
  N
  s/^template [^\n]*\n[a-z_0-9]+\(.*\) -> .*;$/\n/
}
s/^[a-z_0-9]+\(.*\) -> [a-z_0-9]+<.*>;$//
