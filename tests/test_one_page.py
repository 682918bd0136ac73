from zoo.page import page, picture, table


def test_texts_are_escaped():
    whole = page("a < b", [picture("x & y", 'p".png'), table(["<i>"], [["1", "2 > 1"]])])
    assert "<title>a &lt; b</title>" in whole
    assert '<h2>x &amp; y</h2><img src="p&quot;.png"' in whole
    assert "<tr><th>&lt;i&gt;</th></tr>" in whole
    assert "<tr><td>1</td><td>2 &gt; 1</td></tr>" in whole
