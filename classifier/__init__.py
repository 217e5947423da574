"""Ground floor: suggest the agency that must answer a text. No database, no Flask, no RQ, no environment.

=========================  ================================================================================
``classifier.suggestion``  ``Suggestion``, ``Prediction``: the frozen answers
``classifier.scorer``      ``Scorer``: suggests, from plain arrays; numpy only
``classifier.artifact``    ``load(directory)`` and ``save(scorer, directory)``, ``ArtifactRefused``, ``fingerprint``
``classifier.text``        ``tokens``, ``is_text``: everyday Indonesian made regular
``classifier.model``       ``ComplaintClassifier``: trains; imports scikit-learn, so import it only to train
``classifier.dataset``     ``read``: a CSV of ``text,label``; ``DatasetError`` lists every fault
``classifier.evaluate``    ``cross_validate``, ``train_and_test``: figures on texts not seen in training
=========================  ================================================================================

Labels are strings the caller chooses (categories, agencies); this room gives them no meaning.
"""
