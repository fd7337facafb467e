#!/usr/bin/env python3
"""A plug-in with one number and GIMP's own dialog for it: how quickly a dialog can open on this machine."""

import sys

import gi

gi.require_version("Gimp", "3.0")
gi.require_version("GimpUi", "3.0")
from gi.repository import Gimp, GimpUi, GLib, GObject  # noqa: E402


class Empty(Gimp.PlugIn):
    def do_set_i18n(self, name):
        return False

    def do_query_procedures(self):
        return ["plug-in-empty-dialog"]

    def do_create_procedure(self, name):
        procedure = Gimp.ImageProcedure.new(self, name, Gimp.PDBProcType.PLUGIN, self.work, None)
        procedure.set_menu_label("Empty dialog")
        procedure.add_int_argument("number", "_Number", "A number", 0, 10, 5, GObject.ParamFlags.READWRITE)
        return procedure

    def work(self, procedure, run_mode, image, drawables, config, data):
        GimpUi.init("empty-dialog")
        dialog = GimpUi.ProcedureDialog.new(procedure, config, "Empty dialog")
        dialog.fill(None)
        dialog.run()
        dialog.destroy()
        return procedure.new_return_values(Gimp.PDBStatusType.CANCEL, GLib.Error())


Gimp.main(Empty.__gtype__, sys.argv)
