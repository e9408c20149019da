"""Files of every kind to documents."""

from io import BytesIO

import docx
import pytest

from domain.errors import InvalidInputError
from knowledge.reading import read_documents

HTML = """<html><head><title>Gutters</title><style>p {color: red}</style></head><body>
<h1>Gutters and guards</h1><p>Fitted in <b>one</b> day.</p><script>alert(1)</script>
<h2>Price</h2><table><tr><th>item</th><th>price</th></tr><tr><td>gutter</td><td>8.50</td></tr></table></body></html>"""


def write_docx(file):
    document = docx.Document()
    document.add_heading("Metal roofs", level=1)
    document.add_paragraph("Fifty years of warranty.")
    document.add_heading("Hail", level=2)
    document.add_paragraph("Rated class 4.")
    document.save(str(file))


def pdf(lines):
    """Build the smallest PDF that shows these lines."""
    shown = "".join(f"0 -20 Td ({line}) Tj " for line in lines)
    stream = f"BT /F1 12 Tf 72 720 Td {shown}ET"
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
        f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    out = BytesIO(b"")
    out.write(b"%PDF-1.4\n")
    offsets = []
    for number, body in enumerate(objects, start=1):
        offsets.append(out.tell())
        out.write(f"{number} 0 obj\n{body}\nendobj\n".encode())
    start = out.tell()
    rows = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    out.write(f"xref\n0 6\n0000000000 65535 f \n{rows}trailer\n<< /Size 6 /Root 1 0 R >>\n".encode())
    out.write(f"startxref\n{start}\n%%EOF\n".encode())
    return out.getvalue()


def read(path, market):
    return read_documents([path], market).documents


def test_markdown_takes_its_title_from_front_matter_then_heading_then_name(write, market):
    write("a.md", "---\ntitle: From above\n---\n# From heading\ntext")
    write("b.md", "# From heading\ntext")
    write("c.md", "text")
    folder = write("d.txt", "plain").parent
    assert [document.title for document in read(folder, market)] == ["From above", "From heading", "c", "d"]


def test_front_matter_reaches_the_document(write, market):
    file = write(
        "a.md", "---\nkind: compliance\nproduct_id: p1\nlanguage: es\nsource: https://example.org/a\n---\ntext"
    )
    [document] = read(file, market)
    found = (document.kind, document.product_id, document.language, document.source, document.text, document.market)
    assert found == ("compliance", "p1", "es", "https://example.org/a", "text", market)


def test_the_folder_gives_the_kind_where_the_author_does_not(write, market):
    write("products/a.md", "text")
    write("playbook/b.md", "text")
    folder = write("c.md", "text").parent
    kinds = {document.id: document.kind for document in read(folder, market)}
    assert kinds == {"papers/c.md": "other", "papers/playbook/b.md": "playbook", "papers/products/a.md": "product"}


def test_html_keeps_headings_and_tables_and_drops_scripts(write, market):
    [document] = read(write("a.html", HTML), market)
    assert document.title == "Gutters and guards"
    assert "## Price" in document.text
    assert "| gutter | 8.50 |" in document.text
    assert "alert" not in document.text
    assert "color" not in document.text


def test_html_without_a_heading_is_called_by_its_title(write, market):
    [document] = read(
        write("a.htm", "<html><head><title>Gutters</title></head><body><p>One day.</p></body></html>"), market
    )
    assert (document.title, document.text.strip()) == ("Gutters", "One day.")


def test_docx_keeps_headings(tmp_path, market):
    write_docx(tmp_path / "roof.docx")
    [document] = read(tmp_path / "roof.docx", market)
    assert document.title == "Metal roofs"
    assert "## Hail" in document.text
    assert "Rated class 4." in document.text


def test_pdf_gives_its_lines(tmp_path, market):
    (tmp_path / "roof.pdf").write_bytes(pdf(["Hail is covered for fifty years.", "Dents are not."]))
    [document] = read(tmp_path / "roof.pdf", market)
    assert document.title == "roof"
    assert "Hail is covered for fifty years." in document.text
    assert "Dents are not." in document.text


def test_a_yaml_file_beside_a_document_is_its_front_matter(tmp_path, market):
    (tmp_path / "roof.pdf").write_bytes(pdf(["Hail is covered."]))
    (tmp_path / "roof.pdf.yaml").write_text("title: Metal roofs\nkind: product\n", encoding="utf-8")
    [document] = read(tmp_path, market)
    assert (document.title, document.kind) == ("Metal roofs", "product")


def test_a_file_has_the_same_id_alone_and_in_its_folder(write, market):
    file = write("a.md", "text")
    assert read(file, market)[0].id == read(file.parent, market)[0].id == "papers/a.md"


def test_other_kinds_and_hidden_files_in_a_folder_are_passed_over(write, market):
    write("photo.jpg", "no text")
    write(".draft.md", "hidden")
    write(".git/a.md", "hidden")
    folder = write("a.md", "text").parent
    assert [document.id for document in read(folder, market)] == ["papers/a.md"]


def test_line_ends_and_a_byte_order_mark_do_not_matter(tmp_path, market):
    (tmp_path / "a.md").write_bytes(b"\xef\xbb\xbf---\r\ntitle: Roofs\r\n---\r\nOne\r\nTwo")
    [document] = read(tmp_path / "a.md", market)
    assert (document.title, document.text) == ("Roofs", "One\nTwo")


def test_a_folder_replaces_what_it_held_and_a_file_only_itself(write, market):
    folder = write("a.md", "text").parent
    whole, single = read_documents([folder], market), read_documents([folder / "a.md"], market)
    assert whole.replaced("papers/gone.md")
    assert not whole.replaced("other/gone.md")
    assert single.replaced("papers/a.md")
    assert not single.replaced("papers/gone.md")


def test_two_folders_of_one_name_with_the_same_file_are_refused(write, tmp_path, market):
    write("a.md", "one")
    (tmp_path / "elsewhere" / "papers").mkdir(parents=True)
    (tmp_path / "elsewhere" / "papers" / "a.md").write_text("two", encoding="utf-8")
    with pytest.raises(InvalidInputError, match="rename one folder"):
        read_documents([tmp_path / "papers", tmp_path / "elsewhere" / "papers"], market)


@pytest.mark.parametrize(
    ("name", "content", "rule"),
    [
        ("a.docx", b"no zip", "cannot be read as .docx"),
        ("a.pdf", b"no pdf", "cannot be read as .pdf"),
        ("a.pdf", pdf([]), "recognise its text"),
        ("a.md", b"\xff\xfe\x00", "not UTF-8"),
        ("a.md", b"---\ntitle: x\n---\n", "holds no text"),
        ("a.exe", b"MZ", "known kinds are .md"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_with_what_to_do(tmp_path, market, name, content, rule):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InvalidInputError, match=rule) as raised:
        read_documents([tmp_path / name], market)
    assert raised.value.value == str(tmp_path / name)


def test_a_path_that_does_not_exist_is_named(tmp_path, market):
    with pytest.raises(InvalidInputError, match="does not exist"):
        read_documents([tmp_path / "nowhere"], market)


def test_a_folder_without_documents_is_refused(tmp_path, market):
    with pytest.raises(InvalidInputError, match="hold no document"):
        read_documents([tmp_path], market)


def test_a_path_too_long_to_be_an_id_is_refused(write, market):
    file = write(f"{'long/' * 40}a.md", "text")
    with pytest.raises(InvalidInputError, match="shorten it"):
        read_documents([file.parents[40]], market)
