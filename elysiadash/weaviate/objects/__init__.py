"""The data path: reads objects whole, converts them, writes them, and proves that they are stored.

Properties travel by REST JSON without vectors, vectors as opaque bytes by gRPC (or by protobuf
over the REST port); they are joined on id and update time and written by ``BatchObjects``. Below
this package are only transport and rpc; grpc and protobuf are imported when a page is read.
A transport's ``Budget`` counts these requests too: give a copy one of its own.

::

    shape = shape_of(definition)                 # GET /v1/schema/{c}
    door = Door(transport, max_message=meta.grpc_max_message_size)
    reader = Reader(transport, door, shape, Place(collection="Doc"))
    converter = Converter(shape, "DocCopy")
    writer = Writer(target, target_door, shape, Place(collection="DocCopy"), permit=permit)
    page = await reader.page("")
    objects, lost = converter.convert(page.rows)
    outcome = await writer.write(objects)        # .stored, .refused, .unsettled
    await ReferenceWriter(target, shape, writer.place, permit=permit).write(objects)
"""

from __future__ import annotations

from elysiadash.weaviate.objects.convert import Converted, Converter, Lost, Reference
from elysiadash.weaviate.objects.doors import Door
from elysiadash.weaviate.objects.encoding import CannotTravel, Way
from elysiadash.weaviate.objects.outcome import Outcome
from elysiadash.weaviate.objects.pages import DefinitionChanged
from elysiadash.weaviate.objects.readback import ReadBack
from elysiadash.weaviate.objects.reading import Page, Reader
from elysiadash.weaviate.objects.referencing import ReferenceWriter
from elysiadash.weaviate.objects.rows import Place, Row, Vector
from elysiadash.weaviate.objects.shape import Shape, UnknownType, shape_of
from elysiadash.weaviate.objects.sizing import PageSize
from elysiadash.weaviate.objects.writing import Writer

__all__ = [
    "CannotTravel",
    "Converted",
    "Converter",
    "DefinitionChanged",
    "Door",
    "Lost",
    "Outcome",
    "Page",
    "PageSize",
    "Place",
    "ReadBack",
    "Reader",
    "Reference",
    "ReferenceWriter",
    "Row",
    "Shape",
    "UnknownType",
    "Vector",
    "Way",
    "Writer",
    "shape_of",
]
