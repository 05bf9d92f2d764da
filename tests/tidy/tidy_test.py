#!/usr/bin/python3
"""The tidy tests find what they are there for: a small tree with one violation of each kind."""
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))


class Tree:
    def __init__(self, files):
        self.root = tempfile.mkdtemp(prefix="diemcau-tidy-")
        for path, text in files.items():
            full = os.path.join(self.root, path)
            os.makedirs(os.path.dirname(full), exist_ok=True)
            with open(full, "w", encoding="utf-8") as stream:
                stream.write(text)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.root)

    def run(self, script, *arguments):
        done = subprocess.run([sys.executable, os.path.join(HERE, script), *arguments], text=True,
                              capture_output=True, timeout=60)
        return done.returncode, done.stdout + done.stderr


class TidyTest(unittest.TestCase):
    def finds(self, script, path, text, expected, more=None):
        with Tree({path: text, **(more or {})}) as tree:
            code, said = tree.run(script, "--root", tree.root)
            self.assertEqual(code, 1, said)
            self.assertIn(path, said)
            self.assertIn(expected, said)

    def passes(self, script, path, text, more=None):
        with Tree({path: text, **(more or {})}) as tree:
            code, said = tree.run(script, "--root", tree.root)
            self.assertEqual(code, 0, said)

    def test_send_may_not_include_receive(self):
        self.finds("include_table.py", "core/send/a.h", '#include "core/receive/b.h"\n',
                   "core/send may not include core/receive/b.h")

    def test_sim_may_not_include_node(self):
        self.finds("include_table.py", "sim/a.cc", '#include "node/b.h"\n', "sim may not include")

    def test_codecs_may_not_include_mesh(self):
        self.finds("include_table.py", "codecs/a.cc", '#include "core/mesh/bridge.h"\n',
                   "codecs may not include")

    def test_core_may_not_include_threads(self):
        self.finds("include_table.py", "core/base/a.h", "#include <thread>\n", "<thread>")

    def test_a_second_user_of_toml_is_found(self):
        self.finds("include_table.py", "node/b.cc", "#include <toml++/toml.h>\n", "second file",
                   {"node/a.cc": "#include <toml++/toml.h>\n"})

    def test_one_user_of_toml_may_include_several_of_its_headers(self):
        self.passes("include_table.py", "node/b.cc",
                    "#include <toml++/impl/unicode.h>\n#include <toml++/toml.h>\n")

    def test_a_file_that_does_not_begin_with_its_own_header_is_found(self):
        self.finds("include_table.py", "core/send/a.cc", '#include <vector>\n#include "core/send/a.h"\n',
                   "its own header comes first: core/send/a.h", {"core/send/a.h": "\n"})

    def test_the_allowed_directions_pass(self):
        self.passes("include_table.py", "core/mesh/a.cc",
                    '#include <vector>\n#include "core/send/a.h"\n#include "core/receive/b.h"\n')

    def test_a_long_function_is_found_with_its_name(self):
        body = "int long_one(int a) {\n" + "  a += 1;\n" * 70 + "  return a;\n}\n"
        self.finds("limits.py", "core/base/a.cc", body, "long_one() has 73 lines")

    def test_a_long_method_inside_a_class_is_found(self):
        body = ("class Bridge {\n public:\n  int handle(int a) const {\n" + "  a += 1;\n" * 70
                + "  return a;\n  }\n};\n")
        self.finds("limits.py", "core/base/a.h", body, "handle() has 73 lines")

    def test_a_long_constructor_after_braced_members_is_found(self):
        body = "Bridge::Bridge(int a) : a_{a}, b_(a) {\n" + "  a += 1;\n" * 70 + "}\n"
        self.finds("limits.py", "core/base/a.cc", body, "Bridge() has 72 lines")

    def test_a_long_braced_table_is_not_a_function(self):
        self.passes("limits.py", "core/base/a.cc",
                    "constexpr std::array<int, size_t(9)> kTable{{\n" + "  1,\n" * 150 + "}};\n")

    def test_a_long_table_is_not_a_function(self):
        self.passes("limits.py", "core/base/a.cc",
                    "const int kTable[] = {\n" + "  1,\n" * 150 + "};\n")

    def test_a_long_header_is_found(self):
        self.finds("limits.py", "core/base/a.h", "int a;\n" * 201, "the file has 201 lines")

    def test_an_exception_with_a_reason_is_respected(self):
        self.passes("limits.py", "core/base/a.h", "int a;\n" * 201,
                    {"tests/tidy/exceptions.txt":
                     "file core/base/a.h 210 one table, read as one\n"})

    def test_an_exception_that_is_not_needed_is_found(self):
        self.finds("limits.py", "tests/tidy/exceptions.txt",
                   "file core/base/a.h 210 one table, read as one\n", "remove the exception",
                   {"core/base/a.h": "int a;\n"})

    def test_a_long_line_is_found(self):
        self.finds("limits.py", "core/base/a.h", "int " + "a" * 100 + ";\n", "columns")

    def test_a_clock_in_core_is_found(self):
        self.finds("banned.py", "core/base/a.cc", "auto t = std::chrono::steady_clock::now();\n",
                   "the `now` that the caller gives")

    def test_a_number_parser_that_throws_is_found(self):
        self.finds("banned.py", "node/a.cc", "int a = std::stoi(s);\n", "std::from_chars")

    def test_a_banned_call_in_a_comment_or_string_passes(self):
        self.passes("banned.py", "node/a.cc", '// std::stoi(s)\nauto s = "std::stoi(s)";\n')

    def test_unfinished_work_is_found(self):
        self.finds("banned.py", "node/a.cc", "// TO" "DO later\n", "finish it")

    def test_a_name_that_says_nothing_is_found(self):
        self.finds("banned.py", "node/a.h", "class PeerManager {};\n", "PeerManager")

    def purity_of(self, source):
        with Tree({"a.cc": source}) as tree:
            objects = os.path.join(tree.root, "a.o"), os.path.join(tree.root, "a.a")
            subprocess.run(["g++", "-std=c++20", "-c", os.path.join(tree.root, "a.cc"), "-o",
                            objects[0]], check=True, timeout=60)
            subprocess.run(["ar", "qc", objects[1], objects[0]], check=True, timeout=60)
            return tree.run("purity.py", objects[1])

    def test_a_clock_in_the_archive_is_found(self):
        code, said = self.purity_of("#include <chrono>\nlong f() { return std::chrono::"
                                    "steady_clock::now().time_since_epoch().count(); }\n")
        self.assertEqual(code, 1, said)
        self.assertIn("uses a clock", said)

    def test_a_writable_global_in_the_archive_is_found(self):
        code, said = self.purity_of("int next_number() { static int n; return ++n; }\n")
        self.assertEqual(code, 1, said)
        self.assertIn("writable global", said)

    def test_a_pure_archive_passes(self):
        code, said = self.purity_of('#include <string>\n#include <vector>\n'
                                    "int grow(int n) { std::vector<std::string> v(2); "
                                    "v.emplace_back(n, 'a'); return int(v.back().size()); }\n"
                                    'extern const char* const kNames[] = {"a", "b"};\n')
        self.assertEqual(code, 0, said)


if __name__ == "__main__":
    unittest.main(verbosity=1)
