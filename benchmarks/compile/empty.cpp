// SPDX-License-Identifier: Apache-2.0
//
// What everything else is measured against.
int main() {}
