# A filter declared in gimpfu's way, called like any GIMP 3 procedure.
exec(open(__import__("os").environ["INSIDE"] + "/support.py").read())


def ask(layers=None, **values):
    image, layer = picture(W, H, 4)
    extra = add(image, 2, 2, 4, "extra")
    procedure = Gimp.get_pdb().lookup_procedure("python-fu-old-fashioned")
    config = procedure.create_config()
    config.set_property("run-mode", Gimp.RunMode.NONINTERACTIVE)
    config.set_property("image", image)
    config.set_core_object_array("drawables", [layer, extra] if layers == 2 else [layer])
    for name, value in values.items():
        config.set_property(name.replace("_", "-"), value)
    path = OUT + "/old-fashioned-given.json"
    if os.path.exists(path):
        os.unlink(path)
    returned = procedure.run(config)
    good = returned.index(0) == Gimp.PDBStatusType.SUCCESS
    arguments = json.load(open(path)) if os.path.exists(path) else None
    return [returned.index(0).value_nick, "" if good else Gimp.get_pdb().get_last_error(), arguments]


def declared():
    procedure = Gimp.get_pdb().lookup_procedure("python-fu-old-fashioned")
    return {"menus": procedure.get_menu_paths(), "label": procedure.get_menu_label(),
            "types": {a.name: a.value_type.name for a in procedure.get_arguments()}}  # fmt: skip


def defaults():
    return ask()


def explicit():
    return ask(
        amount=7, share=1.5, name="x", flip=False, way=2, kind="b", a_file=Gio.File.new_for_path("/etc/hosts"), spin=0.5
    )


def refused():
    return [ask(amount=101), ask(way=3), ask(kind="c"), ask(spin=-1.0), ask(layers=2), ask(name="fail")]


def cancelled():
    return ask(name="cancel")


run_cases([declared, defaults, explicit, refused, cancelled], "gimpfu.py")
