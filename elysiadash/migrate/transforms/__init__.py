"""Changes objects on their way, by a Python file of the user's own.

The file defines ``transform(obj)`` or ``transform(obj, ctx)``. ``obj`` is a plain dict of the
object: ``id``, ``properties`` (as JSON has them), ``references`` (property -> list of beacons),
``vector`` (a list) or ``vectors`` (name -> list), and ``tenant`` where there are tenants. ``ctx``
has ``started_at`` (the job's, the same for every object and after a resume) and ``source``
(``cluster``, ``collection``, ``tenant``). It returns the object, changed in place or a new dict;
None drops it; a list splits it. What is left out of a returned object is not written: without
``vector`` it has none. ``transform_schema(schema)``, where defined, returns the definition that the
target gets.

An object without an ``id`` keeps the source's. In a list the first part that carries the source's
id keeps it, and each other part without an id of its own gets ``uuid5(source id, n)``, n its
place in the list from 0.

It is one file: it imports what is installed, and nothing beside it, since the job is only bound
to the hash of the file itself. What it prints is not kept.

``file`` reads it, ``child`` runs it in a process of its own (``sandbox`` is the near end), since
nothing else ends a loop for certain: a thread cannot be killed, and a signal is lost on a loop in
C or one that catches everything. ``applying`` does it to the rows of a copy, ``preview`` shows what
it does to samples.
"""
