"""The formats of the log: entries, tree, signed notes, cosignatures. They read no database."""
