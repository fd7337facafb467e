"""A fake of GIMP 2.10's gimpfu, limited to declarations: its constants, register() and main()."""

PF_INT8, PF_INT16, PF_INT32, PF_INT = 0, 1, 2, 2
PF_FLOAT, PF_STRING, PF_COLOR, PF_IMAGE, PF_LAYER, PF_CHANNEL, PF_DRAWABLE = 3, 4, 10, 13, 14, 15, 16
PF_TOGGLE = PF_BOOL = 1000
PF_SLIDER, PF_SPINNER, PF_FONT, PF_FILE = 1001, 1002, 1003, 1004
PF_RADIO, PF_TEXT, PF_PALETTE, PF_FILENAME, PF_DIRNAME, PF_OPTION = 1008, 1009, 1010, 1011, 1012, 1013
ALL = [value for name, value in list(globals().items()) if name.startswith("PF_")]

registered = []
mains = []


def register(proc_name, blurb, help, author, copyright, date, label, imagetypes, params, results, function, menu=None,
             domain=None, on_query=None, on_run=None):  # fmt: skip
    for entry in params:
        assert len(entry) in (4, 5), entry
        assert entry[0] in ALL, entry
        assert isinstance(entry[1], str) and entry[1].replace("_", "").replace("-", "").isalnum(), entry
        if entry[0] in (PF_SLIDER, PF_SPINNER, PF_RADIO, PF_OPTION):
            assert len(entry) == 5 and len(entry[4]) >= 1, entry
    registered.append({"name": proc_name, "params": params, "function": function, "menu": menu, "label": label})


def main():
    mains.append(len(registered))
