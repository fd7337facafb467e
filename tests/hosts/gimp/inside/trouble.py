# One long or short job; pytest outside causes the trouble meanwhile.
exec(open(__import__("os").environ["INSIDE"] + "/support.py").read())

side = int(os.environ.get("SIDE", "24"))
image, layer = picture(side, side, 4)
with open(os.path.join(OUT, "started" + os.environ.get("NUMBER", "")), "w") as file:
    file.write("now")
status, error, result = call(image, [layer], scale=4, domain="art", seed=int(os.environ.get("NUMBER", "0")))
save("trouble.py" + os.environ.get("NUMBER", ""), {
    "status": status, "error": error, "layers": len(image.get_layers()), "dirty": image.is_dirty(),
    "before": dump(layer, 4), "answer": dump(result.get_layers()[0], 4) if result else None,
})  # fmt: skip
