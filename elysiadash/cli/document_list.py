"""Every document that a command prints, by its ``kind``."""

from __future__ import annotations

from elysiadash.cli import backup_documents, documents, job_documents
from elysiadash.cli.documents import Document

DOCUMENTS: dict[str, type[Document]] = {
    **documents.DOCUMENTS,
    **job_documents.DOCUMENTS,
    **backup_documents.DOCUMENTS,
}
"""``kind`` -> the type of the document."""
