# The example of docs/gimp.md, with a picture.
exec(open(__import__("os").environ["INSIDE"] + "/support.py").read())

image, layer = picture(W, H, 4)
image.set_selected_layers([layer])
with open(os.path.join(OUT, "example.txt")) as file:
    exec(file.read())
example_result = result  # noqa: F821 (the example's)
save("example.py", {
    "status": "success" if example_result is not None else "nothing", "size": [example_result.get_width(), example_result.get_height()],
    "answers": len(example_result.get_layers()[0].get_children()),
})  # fmt: skip
