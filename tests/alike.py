"""How two libraries are compared: what a program gives on each, or the class of error."""


def outcome(library, program):
    try:
        return repr(program(library))
    except Exception as error:
        return type(error)
