//! What the index renders and what it refuses, as docutils has it.

use super::*;

fn lines(text: &str) -> Vec<usize> {
    fault(text).into_iter().map(|fault| fault.line).collect()
}

#[test]
fn what_docutils_refuses_is_found() {
    for (text, line) in [
        ("Title\n=====\n\n.. toctree::\n   a\n", 4),
        ("Title long\n====\n\ntext\n", 2),
        ("text\nand :func:`x`\n", 2),
        (".. raw:: html\n\n   <b>x</b>\n", 1),
        (".. |x| versionadded:: 1\n", 1),
        ("- :class:`~a.B`\n", 1),
    ] {
        assert_eq!(lines(text), [line], "{text:?}");
    }
}

#[test]
fn what_docutils_renders_is_passed_over() {
    for text in [
        "Title\n=====\n\n.. image:: x\n   :alt: y\n\n.. code-block:: nolang\n\n   .. toctree::\n",
        "Tit\n==\n\nx\n",
        "===\nTitle\n===\n\ntext\n",
        "Text::\n\n    .. toctree::\n\n    :func:`x`\n",
        "Quoted::\n\n.. toctree::\n",
        "a ``:func:`x``` b and ``more\n:func:`y```\n",
        ".. role:: own(code)\n\n:own:`x` and :pep:`8`, :Sup:`2`\n",
        ".. a comment: toctree::\n\n.. _target: https://example.org/\n.. [1] note\n\n:field: `x`\n",
        "text\n.. toctree\n",
        "=====  =====\na      b\n=====  =====\n",
        "日本\n====\n",
    ] {
        assert_eq!(fault(text), None, "{text:?}");
    }
}

/// What docutils 0.23 does with each, as an index asks it to.
/// What docutils 0.23 renders of the same kinds.
#[test]
fn siblings_of_faults_are_passed_over() {
    for text in [
        "a\n\n.. class:: b\n\n.. class:: c\n\nd\n",
        "- a\n\n  .. class:: b\n\nc\n",
        ".. class:: a\n\n   b\n",
        "x\n\n.. csv-table:: A *b*\n   :header: a,\"b,c\"\n   :widths: 1 2\n\n   \"a, *b*\",\"c\n   d\"\n\n   e\n",
        "x\n\n.. csv-table::\n   :delim: ;\n   :quote: '\n   :escape: !\n\n   'a!'b';c\n",
        "Title\n=====\n\n:Date:\n\ntext\n",
        "text\n\n:Author: - a\n    - b\n",
        ":Authors: - a\n    - b\n:Date: a\n    b\n:Other:\n",
        "+---+---+\n| a | b |\n+---+---+\n| c*d   |\n+-------+\n",
        "+-------+---+\n| a     | b |\n+---+---+   |\n| c | d |   |\n+---+---+---+\n",
        "+---+---+---+\n| a | b | c |\n+---+-------+\n| d | x     |\n|   +---+---+\n|   | y | z |\n+---+---+---+\n",
        ":pep:`0` :pep:`8#a` :rfc:`1`\n",
    ] {
        assert_eq!(fault(text), None, "{text:?}");
    }
}

/// The steps of all: what grows with the square of a text takes minutes here.
#[test]
fn long_lines_take_no_time_to_speak_of() {
    let columns = 20_000;
    for text in [
        format!("{}\n", "`a` ".repeat(100_000)),
        format!("{}\n\n{}", "`a`__ ".repeat(30_000), "__ https://example.org/\n".repeat(30_000)),
        format!("+{0}\n|{1}\n+{0}\n", "---+".repeat(columns), " a |".repeat(columns)),
        format!("{0}\n{1}{0}\n", "= ".repeat(columns).trim_end(), "b\n".repeat(columns)),
        format!("+{0}\n{1}+{0}\n", "-+".repeat(300), format!("+{}\n", "-+".repeat(300)).repeat(300)),
    ] {
        let began = std::time::Instant::now();
        assert_eq!(fault(&text).map(|fault| fault.why), None, "{}", &text[..40]);
        assert!(began.elapsed().as_secs() < 20, "{}: {:?}", &text[..40], began.elapsed());
    }
}

#[test]
fn every_kind_of_fault_is_found() {
    for text in [
        "a\n\n----\n",
        "----\n\nx\n",
        "x\n\n----\n\n----\n\ny\n",
        ".. c\n",
        ".. meta::\n   :x: y\n",
        "A\n=\n\nB\n-\n\nC\n~\n\nE\n=\n\nF\n~\n",
        "a\n\n  q\nb\n",
        "- a\n\n  T\n  =====\n",
        "`a`__\n",
        "__ http://x\n\nt\n",
        "[#]_ [#]_\n\n.. [#] a\n",
        ".. role:: h(raw)\n   :format: html\n\n:h:`<b>`\n",
        ".. role:: a(raw)\n\n.. role:: b(a)\n\n:B:`x`\n",
        ".. role:: a(nope)\n\nx\n",
        ".. role::\n\nx\n",
        ".. default-role:: nope\n\nx\n",
        ".. role:: h(raw)\n   :format: html\n\n.. default-role:: h\n\na `b`\n",
        ".. default-role:: raw\n\n- a `b`\n",
        "x\n\n.. csv-table:: a\n   :file: a.csv\n",
        "x\n\n.. csv-table::\n   :header-rows: 1\n   :URL: https://x\n",
        "x\n\n.. csv-table:: a\n",
        "x\n\n.. csv-table:: a\n   :nope: 1\n\n   1,2\n",
        ".. parsed-literal::\n\n   :func:`x`\n",
        ".. parsed-literal::\n\n   **x\n",
        ".. table:: a\n\n   text\n",
        ".. table:: a\n\n   ===  ===\n   a    b\n   ===  ==\n",
        ".. list-table::\n\n   text\n",
        ".. list-table::\n\n   * - a\n     - b\n   * - c\n",
        ".. list-table::\n   :header-rows: 3\n\n   * - a\n     - b\n",
        ".. image:: x\n   :foo: bar\n",
        ".. note::\n",
        ".. container:: a\n",
        ".. container:: a\n   :local:\n\n   b\n",
        ".. default-role::\n\n   a\n",
        ".. admonition:: A *b\n\n   c\n",
        ".. list-table:: A *b\n\n   * - c\n",
        ":pep:`99999`\n",
        ":pep:`a text <8>`\n",
        ":rfc:`0`\n",
        // Classes of nothing.
        "a\n\n.. class:: b\n",
        "a\n\n.. class:: b\n\n.. class:: c\n\n.. comment\n",
        ".. class:: a\n\n----\n\nb\n",
        // Tables of comma-separated values.
        "x\n\n.. csv-table::\n\n   \"a\n   b\n",
        "x\n\n.. csv-table::\n\n   \"a\"b,c\n",
        "x\n\n.. csv-table::\n   :delim: ab\n\n   a,b\n",
        "x\n\n.. csv-table::\n   :quote: '\n\n   '*a',b\n",
        "x\n\n.. csv-table::\n   :stub-columns: 1\n\n   a,b\n   c\n",
        "x\n\n.. csv-table::\n   :widths: 1 2\n   :header: a,b,c\n\n   a,b\n",
        // Front matter.
        ":Date:\n",
        ".. comment\n\n:Author: - a\n    - b\n",
        ":status: a\n\n    b\n\ntext\n",
        // Joined cells.
        "+---+---+\n| a | b |\n+---+---+\n| *a    |\n+-------+\n",
        "+-------+---+\n| `     | b |\n+---+---+   |\n| c | d |   |\n+---+---+---+\n",
        "+---+---+\n| a | b |\n+   +---+\n|   | |\n+---+---+\n",
        ":pep:`a`\n",
        ":raw:`x`\n",
        ".. include:: x\n",
        ".. topic:: x\n",
        ".. rubric::\n",
        ".. unicode:: x\n",
        ".. _x: http://a\n\n.. _x: http://b\n\nt\n",
        "_`a` _`a`\n",
        ".. [1] a\n\n.. [1] b\n",
        ".. |x| replace:: a\n\n.. |x| replace:: b\n\nt\n",
        ".. |x|\n\nt\n",
        "a b_ c\n",
        "a `b c`_ d\n",
        "a [1]_ b\n",
        "a |b| c\n",
        "a **b\n",
        "a *b\n",
        "a `b\n",
        "a ``b\n",
        "a |b\n",
        "f(*args)\n",
        "- a\nb\n",
        "1. a\n2. b\nc\n",
        ":a: b\nc\n",
        "-a  b\nc\n",
        "t\n  d\nx\n",
        "a::\n\nb\n",
        "a::\n\n> b\nc\n",
        "a::\n\n  b\nc\n",
        "| a\nb\n",
        ".. c\n  d\ne\n",
        ".. _a b c\n\nt\n",
        "+----+---+\n| a  | b |\n+----+---+\nx\n",
        "+----+---+\n| a  | b|\n+----+---+\n",
        "===  ===\na  b c\n===  ===\n",
        "===  ===\na    b\n===  ==\n",
        "=====\nT\n====\n",
        "=====\nTitle\n\nx\n",
        "a\nb\n c\n",
        ".. code:: a b\n\n   c\n",
        ".. code:: python\n   c d\n",
        ":x:`a`:y:`\n",
        ":sup:`a`_\n",
        "A\n=\n\nt A_\n\nA\n=\n\nu\n",
        "A\n=\n\nt A_\n\nB\n-\n\nA\n-\n\nu\n",
        ".. list-table::\n\n   * - :foo:`x`\n     - b\n",
        ".. list-table::\n\n",
        ".. code-block:: python\n   :linenos:\n\n   x\n",
        ".. image:: x\n   :align: middle\n",
        ".. |x| image:: x\n   :align: left\n\n|x|\n",
    ] {
        assert!(fault(text).is_some(), "{text:?}");
    }
}

#[test]
fn the_harmless_kin_of_each_is_not() {
    for text in [
        "a\n\n----\n\nT\n=\n\nx\n",
        "T\n=\n",
        "a `x <http://a>`_ b `x <http://b>`_\n",
        "a `x <http://a>`_ b\n\n.. _x: http://b\n",
        "a |x| b\n\n.. |X| replace:: y\n",
        "`a`__ `b <http://c>`__\n\n__ http://x\n",
        ".. code-block::\n\n   x y\n",
        ".. class:: x\n\nt\n",
        "T\n=\n\nT_\n\n.. _T: http://a\n",
        ".. role:: x\n\na :X:`y`\n",
        ".. role:: h(raw)\n   :format: html\n\nx\n",
        ".. role:: raw\n\n:raw:`y`\n",
        ".. role:: py(code)\n   :language: python\n\n:py:`y`\n",
        ".. default-role:: code\n\na `b`\n",
        ".. default-role:: raw\n\n.. default-role::\n\na `b`\n",
        "a `b`\n\n.. default-role:: raw\n",
        "x\n\n.. csv-table:: a\n   :header: a, b\n   :delim: ;\n\n   1;2\n",
        ".. parsed-literal::\n\n   *x* :sub:`y`\n",
        ".. parsed-literal::\n   :class: a\n\n   x\n",
        ".. table:: a\n   :widths: auto\n\n   ===  ===\n   a    b\n   ===  ===\n",
        ".. list-table::\n\n   *   - a\n       - * b\n         * c\n\n   *   - d\n\n       - e\n",
        ".. list-table::\n   :header-rows: 1\n   :stub-columns: 1\n\n   * -\n     - b\n   * - c\n     -\n",
        "|x|_\n\n.. |x| replace:: y\n\n.. _x: http://a\n",
        "a ``x`` b``\n",
        "x*y*z * a *\n",
        "\\*a *b*\n",
        "a_b_c __init__ b http://a.b/c_d\n",
        "(*) '*' \"`\" |\n",
        "**a** *b*— “*c*”\n",
        "text\n- item\n- item\n",
        "1. a\nb\n",
        "A. Einstein was\na man\n",
        "a. x\n\nb. y\n\n#. z\n",
        "::\n\n> x\n> y\n",
        ">>> a\nb\n",
        "| a\n  b\n| c\n",
        "..\n\n  x\n",
        ".. __: x\n\na__\n",
        "+----+---+\n| a  | b |\n+----+---+\n",
        "===  ===\na    b\n===  ===\nc    d\n===  ===\n",
        "tit\n--\n\nx\n",
        "Term : class\n  def\n\nTerm\n  def\n",
        "--foo=BAR  desc\n-x\n   desc\n",
        "\tx\n\n\ty\n",
        "`a\\ <http://x>`_\n",
        "x [1]_ y\n\n.. [1] z\n",
        "x [#a]_ y\n\n.. [#a] z\n",
        ".. note:: x\n   y\n\n   - z\n",
        ".. |i| image:: x\n   :target: y_\n\n|i|\n\n.. _y: http://z\n",
        ".. figure:: x\n   :alt: y\n\n   z\n",
        "A\n=\n\nt\n\nA\n=\n\nu\n",
        ".. _A: http://x\n\nA\n=\n\nt A_\n",
        ".. _A: http://x\n\nA\n=\n\nt A_\n\nA\n=\n\nu\n",
        ".. list-table:: T\n   :header-rows: 1\n\n   * - a_\n     - b\n   * - c\n     - d\n\n.. _a: http://x\n",
        ".. |x| image:: x\n   :align: middle\n\n|x|\n",
    ] {
        assert_eq!(fault(text), None, "{text:?}");
    }
}

/// The same of what stands in tables, in directives and in the place of substitutions, and of what leads in circles.
#[test]
fn kinds_of_blocks_are_held_to_their_own_rules() {
    for text in [
        "+---+---+\n| a | b |\n+===+===+\n| c | d |\n+===+===+\n| e | f |\n+---+---+\n",
        "+-----+---+\n| **a | b |\n+-----+---+\n",
        "+-----+---+\n| a_  | b |\n+-----+---+\n",
        "+-----+---+\n| - a | b |\n| c   |   |\n+-----+---+\n",
        "===  ===\n**a  b\n===  ===\n",
        "======  ===\n:f:`x`  b\n======  ===\n",
        "===  ===\na    b\n---- ---\nc    d\n===  ===\n",
        "=== ===\na   b\n-   -\n=== ===\n",
        "== ==\na  A\n   =\n== ==\n",
        "+-----+\n| 日 |\n+-----+\n",
        ".. csv-table:: t\n   :widths: 1\n\n   1, 2\n",
        ".. csv-table:: t\n   :header-rows: 1\n\n   1, 2\n",
        ".. csv-table:: t\n   :stub-columns: 2\n\n   1, 2\n",
        ".. csv-table:: t\n\n   1, **2\n",
        ".. list-table:: t\n   :widths: 1 2 3\n\n   * - a\n     - b\n",
        ".. list-table:: t\n   :widths: a b\n\n   * - a\n     - b\n",
        ".. list-table:: t\n\n   * - a\n     - b\n\n   text\n",
        ".. table:: t\n   :widths: 1 2 3\n\n   === ===\n   a   b\n   === ===\n",
        ".. table:: t\n\n   === ===\n   a   b\n   === ===\n\n   text\n",
        ".. sidebar:: T\n",
        "- x\n\n  .. sidebar:: T\n\n     x\n",
        "- x\n\n  .. topic:: T\n\n     x\n",
        ".. topic:: a\n\n   .. topic:: b\n\n      c\n",
        "- a\n\n  .. contents:: T\n\nA\n=\n\nx\n",
        ".. sectnum::\n   :depth: x\n\nA\n=\n\nx\n",
        ".. figure::\n",
        ".. figure:: x\n\n   - a\n   - b\n",
        ".. figure:: x\n\n   .. note:: x\n",
        ".. figure:: x\n\n   a\n     b\n",
        ".. math::\n",
        ".. math::\n   :label: x\n\n   a\n",
        ".. line-block::\n",
        ".. line-block::\n\n   **a\n",
        ".. |x | image:: y\n\nz\n",
        ".. |r| replace:: 1. a\n\n|r|\n",
        ".. |r| replace:: a::\n\n|r|\n",
        ".. sectnum::\n   :depth 2\n\na\n",
        ".. role:: x:(code)\n\na\n",
        "- **\n",
        "===  ===  ===\na   b    c\n--------  ---\nc    d    e\n===  ===  ===\n",
        "===  ===  ===\na b  **c  d\n--------  ---\n===  ===  ===\n",
        ".. header::\n\ny\n",
        ".. container:: 1\n\n   x\n",
        ".. class::\n\nx\n",
        ".. note::\n   :class: 1\n\n   x\n",
        ".. rubric:: x\n\n   y\n",
        ".. rubric:: **x\n",
        ".. title::\n\ny\n",
        ".. title:: a\n\n   b\n\nc\n",
        ".. |u| unicode:: U+FFFFFFFF\n\n|u|\n",
        ".. |u| unicode::\n\n|u|\n",
        ".. |u| unicode:: x\n   :foo:\n\n|u|\n",
        ".. |r| replace::\n\n|r|\n",
        ".. |r| replace:: a\n\n   b\n\n|r|\n",
        ".. |r| replace:: - a\n\n|r|\n",
        ".. |r| note:: x\n\n|r|\n",
        ".. |a| replace:: |b|\n.. |b| replace:: |a|\n\n|a|\n",
        ".. _b: c_\n.. _c: b_\n\nt\n",
        ".. meta::\n\ny\n",
        ".. meta:: x\n\ny\n",
        ".. meta::\n   :x: y\n   z\n\ny\n",
        ".. qa::\n   x\n",
        ".. role:: x\n   :class: 1\n\n:x:`a`\n",
        ".. role:: x\n   :foo: 1\n\n:x:`a`\n",
        ".. role:: x\n\n   text\n\n:x:`a`\n",
        ".. role:: x y\n\na\n",
        ".. role:: 1\n\n:1:`a`\n",
        ".. role:: x(sup)\n   :language: python\n\n:x:`a`\n",
        ".. [1]\n\nx\n",
        "[3]_\n\n.. [#] a\n",
        "x\n\n-----\n\n.. c\n",
        ".. c\n\n----\n\nx\n",
        "日本語日本語\n======\n\nx\n",
        "🚀 Go\n====\n\nx\n",
    ] {
        assert!(fault(text).is_some(), "{text:?}");
    }
    for text in [
        "+---+---+\n| a | b |\n+===+===+\n| - | * |\n+---+---+\n",
        "+-----+---+\n| a_  | b |\n+-----+---+\n\n.. _a: http://x\n",
        "+------+----+\n| A    | b  |\n|      +----+\n|      | c  |\n+------+----+\n",
        "+------+----+\n| **A | b** |\n+------+----+\n",
        "+----+\n| 日 |\n+----+\n",
        "+---+---+\n| + | b |\n+---+---+\n",
        "=== ===\n-   b\n=== ===\n",
        "=== =====\na   - b\n    - c\nd   1. e\n    2. f\n=== =====\n",
        "=== =====\na   b::\n\n      c\nd   e\n=== =====\n",
        "=== ===\na   b\n\nc   d\n\n    e\n=== ===\n",
        "===  ===  ===\na    b    c\n--------  ---\nc    d    e\n===  ===  ===\n",
        "=== ===\n日  b\n=== ===\n",
        ".. csv-table:: t\n   :widths: 1, 2\n\n   1, 2\n   3\n",
        ".. list-table::\n   :widths: auto\n\n   * - a\n     - b\n",
        ".. table::\n   :widths: grid\n\n   === ===\n   a   b\n   === ===\n",
        ".. sidebar:: T\n\n   .. topic:: x\n\n      y\n",
        ".. sidebar:: T\n\n   .. contents::\n\nA\n=\n\nx\n",
        ".. figure:: x\n\n   ..\n\n   leg\n",
        ".. figure:: x\n\n   .. _b: http://x\n\n   c\n",
        ".. math:: a^2\n",
        ".. math::\n   :name: x\n\n   a\n",
        ".. rubric:: a\n   b\n",
        ".. meta::\n   :x: y\n\nz\n",
        ".. |r| replace:: a\n     b\n\n|r|\n",
        ".. |u| unicode:: 0xA9 .. U+FFFFFFF\n   :trim:\n\n|u|\n",
        ".. role:: a-1(code)\n   :class: b c\n   :language: python\n\nx\n",
        ".. role:: x (code)\n\na\n",
        ".. role::\n   x(code)\n\n:x:`a`\n",
        ".. |x|y| replace:: a\n\n|x|y|\n",
        "=====  =====\n      B\n=====  =====\na      long long\n=====  =====\n",
        ".. line-block::\n\n   *a*\n     b\n",
        "**\nb\n",
        "[1]_ [2]_\n\n.. [#] a\n\n.. [#] b\n",
        "[2]_\n\n.. [1] q\n.. [#] a\n",
        "A\n=\n\nx\n\n----\n\n.. c\n\nB\n=\n\ny\n",
        "x\n\n-----\n\n.. [1] a\n",
        "한글\n====\n\nx\n",
        "⚠️ Gone\n=======\n\nx\n",
    ] {
        assert_eq!(fault(text), None, "{text:?}");
    }
}

/// Nothing is gone through more than a few times, however long it is; a quadratic one would not end.
#[test]
fn long_texts_end() {
    let long = |part: &str| part.repeat(20_000);
    for text in [
        long("a-b:c."),
        long(":a"),
        long("\"*\" "),
        long("- a\n"),
        long("1. a\n"),
        long(".. _a: b\n"),
        format!(".. a{}", long("! :: ")),
        long("`a "),
        long("a_ "),
        long("|a| "),
        long("a\n  b\n"),
        long("+--+\n"),
        format!("{0}{1}{0}", "===  ===\n", long("a    b\n")),
        format!("{0}{1}", "+---+\n", long("| a |\n+---+\n")),
        format!(".. csv-table:: t\n\n{}", long("   1,2\n")),
        (0..20_000).map(|at| format!(".. |{at}| replace:: |{}|\n", at + 1)).collect(),
        (0..400).map(|depth| " ".repeat(depth) + "a\n\n").collect(),
    ] {
        let _ = fault(&text);
    }
}

proptest::proptest! {
    #[test]
    fn never_panics(text in "(\\.\\. |[a-zé:`|=*_\\[\\]<>+#.1\n -]{1,9}|\\PC{0,4}|::\n\n){0,9}") {
        let _ = fault(&text);
    }
}
